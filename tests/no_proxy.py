"""A proxy that is none, for tests that talk to the hub's own port."""

from typing import ClassVar

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    """Keeps the routes that it is given."""

    should_start = False
    routes: ClassVar = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {
            "routespec": routespec,
            "target": target,
            "data": {**data},
        }

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return dict(self.routes)
