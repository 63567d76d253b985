"""S3's refusals: a code, a status and a sentence, in XML."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hub_config.local.standins import storage_xml

_MESSAGES = {
    "AccessDenied": (403, "Access Denied"),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "ExpiredToken": (403, "Request has expired"),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidURI": (400, "Couldn't parse the specified URI."),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NotImplemented": (501, "The stand-in has only list-type=2."),
    "PreconditionFailed": (412, "A precondition that you gave did not hold"),
    "SlowDown": (503, "Please reduce your request rate."),
}


class Refused(Exception):
    """S3 says no; the code is S3's."""

    def __init__(self, code: str, message: str = "", **headers: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.headers = headers

    def response(self, request: web.Request) -> web.Response:
        """Write it down for the client."""
        status, message = _MESSAGES[self.code]
        text = storage_xml.error(self.code, self.message or message, request.path)
        return xml_response(text, status, self.headers)


def xml_response(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Wrap XML into an answer."""
    return web.Response(
        text=text, status=status, headers=headers, content_type="application/xml"
    )
