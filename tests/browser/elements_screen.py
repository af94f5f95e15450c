"""What a person sees and does on pages that are made of custom elements, in any engine."""

from tests.browser.screen import Screen


class ElementsScreen(Screen):
    """A page with elements in one tab."""

    def rest(self) -> None:
        """Such a page has no programme."""

    def problem(self, name: str) -> str:
        """What is said to be wrong with a field of the form."""
        return self.words(f"panda-form >>> [data-field='{name}'] > .problem")

    def rows(self, column: str = "title") -> list[str]:
        """What stands in one column of the data page's table."""
        script = """(name) => [...document.querySelectorAll(`.records tr[data-id] [data-field='${name}']`)]
            .map((it) => it.textContent)"""
        return list(self.tab.evaluate(script, column))
