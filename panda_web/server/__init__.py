"""The node over HTTP: the ASGI application, and what keeps one client from stopping it for the others.

application      JSON-RPC by POST, /health, the site
site             static files
body, answer     requests and answers under way, bounded in bytes and time
budget           the memory that these share
room             which connections stay when there are many
connection       uvicorn's connection, with an end to every wait
visitors         whom a limit counts a request for
"""

from panda_web.server.application import Edge, application

__all__ = ["Edge", "application"]
