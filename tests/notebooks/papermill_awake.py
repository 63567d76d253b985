"""papermill, with a fault of jupyter_client 8.10 mended that lets a notebook hang.

A message is sent past the asyncio socket that waits on the same connection.  ZeroMQ tells
of what arrived once, and the sending may be what is told: then nobody looks again, and a
reply stays unread for ever.  nbclient sends while it waits for each `Output` widget.  To
ask for the socket's events makes it look.
"""

import zmq
from jupyter_client.channels import AsyncZMQSocketChannel
from papermill.cli import papermill

_send = AsyncZMQSocketChannel.send


def _send_and_look(self, message):
    _send(self, message)
    self.socket.get(zmq.EVENTS)


AsyncZMQSocketChannel.send = _send_and_look

if __name__ == "__main__":
    papermill()
