"""p2panda in a browser tab, in Python: a client for the browser and for servers, and a node.

from pathlib import Path

from panda_web import Client
from panda_web.keys.file import KeyFile

async with Client("http://localhost:2020", KeyFile.open(Path("key.pem"))) as panda:
    written = await panda.create(schema, {"title": "Opening"})
    talks = await panda.query(schema)
"""

from panda_web.client import Answer, Client, Instance, Rejected, Written
from panda_web.errors import PandaError
from panda_web.messages import Field, Relation

__all__ = ["Answer", "Client", "Field", "Instance", "PandaError", "Rejected", "Relation", "Written"]
__version__ = "0.1.0"
