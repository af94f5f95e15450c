"""The node over HTTP: the ASGI application, and what keeps one client from stopping it for the others.

application      which request goes where
posted           JSON-RPC by POST
sessions         JSON-RPC over WebSockets: socket, a channel, and frames, what it carries
site             static files
body, answer     requests and answers under way, bounded in bytes and time
budget           the memory that these share
guests           which connections stay when there are many
connection       uvicorn's connection, with an end to every wait: with_httptools, with_h11
fastest          which of the two, and which event loop
edge, visitors   whom a limit counts a request for, and what it takes of them
"""

from panda_web.server.application import application
from panda_web.server.edge import Edge, UnderWay
from panda_web.server.sessions import Sessions

__all__ = ["Edge", "Sessions", "UnderWay", "application"]
