"""The client: owns its author's logs, publishes, and checks what nodes return."""

from panda_web.client.check import Answer, Instance, Rejected
from panda_web.client.client import Client
from panda_web.client.drafts import AtSlot
from panda_web.client.listed import ListedSchema
from panda_web.client.publisher import Written

__all__ = ["Answer", "AtSlot", "Client", "Instance", "ListedSchema", "Rejected", "Written"]
