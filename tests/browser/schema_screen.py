"""What a person sees and does on the page of schemas: hooks are those of web/pages/schemas/schemas.js."""

from panda_web.messages.schema import SELF, FieldDefinition, Schema
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS

FIELDS = """() => [...document.querySelectorAll(".schema-field")].map((row) => {
    const part = (name) => row.querySelector(`[data-part=${name}]`);
    return {
        name: part("name").value,
        type: part("type").value + (part("array").checked ? "[]" : ""),
        problem: row.querySelector(".problem").innerText,
        wrong: [...row.querySelectorAll("[aria-invalid=true]")].map((input) => input.dataset.part),
    };
})"""


def row(at: int) -> str:
    """The selector of a field, from 0."""
    return f".schema-field:nth-child({at + 1})"


class SchemaScreen(Screen):
    """The page of schemas in one tab."""

    def rest(self) -> None:
        """Waits until a schema is read, where one is asked for."""
        self.wait("#schema[aria-busy=false]")

    def empty(self) -> None:
        """Begins a new schema, with one field in which nothing stands, and with nothing to be read above it."""
        self.tab.evaluate((HARNESS / "empty-form.js").read_text("utf-8"))
        self.wait("#schema[data-state=writing]")

    def part(self, at: int, name: str) -> str:
        """The selector of one part of a field."""
        return f"{row(at)} [data-part={name}]"

    def fields(self) -> list[dict[str, object]]:
        """What stands in the rows, and what is said to be wrong with it."""
        return list(self.tab.evaluate(FIELDS))

    def problems(self) -> list[tuple[int, list[str]]]:
        """Which fields are said to be wrong, and which of their inputs."""
        found = enumerate(self.fields())
        return [(at, list(each["wrong"])) for at, each in found if each["problem"]]  # type: ignore[call-overload]

    def write_schema(self, schema: Schema) -> None:
        """Writes a schema into the form, in which there is one field still empty."""
        self.fill("#name", schema.name)
        self.fill("#description", schema.description)
        for at, field in enumerate(schema.fields):
            if at:
                self.click("#add")
            self.write_field(at, field)

    def write_field(self, at: int, field: FieldDefinition) -> None:
        """Writes one field."""
        self.fill(self.part(at, "name"), field.name)
        self.select(self.part(at, "type"), field.base)
        for box, wanted in (
            ("array", field.is_array),
            ("optional", field.optional),
            ("cascade", field.cascade),
        ):
            if wanted:
                self.click(self.part(at, box))
        if field.validation is not None:
            self.fill(self.part(at, "validation"), field.validation)
        if field.schema is not None:
            listed = self.has(f"{self.part(at, 'schema')} option[value='{field.schema}']")
            self.select(self.part(at, "schema"), field.schema if listed or field.schema == SELF else "other")
            if not listed:
                self.fill(self.part(at, "other"), field.schema)

    def publish(self, *, away: bool = False) -> str:
        """Publishes what is written, and sends it where the node is not away; gives the schema's id."""
        self.click("#publish")
        self.wait("#schema[data-state=published]")
        if not away:
            self.sent()
        return self.text("#published [data-use=id] code")

    def until_file(self, *parts: str) -> str:
        """Waits until the file holds these, and gives it."""
        self.until(lambda: all(part in self.toml() for part in parts))
        return self.toml()

    def toml(self) -> str:
        """The file."""
        return str(self.tab.evaluate("document.querySelector('#toml').textContent"))
