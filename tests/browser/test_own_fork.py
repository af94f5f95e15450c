"""One key in two browsers that have no network: both write, and the fork is noticed, said, and left behind."""

from contextlib import ExitStack
from pathlib import Path

from tests.browser.asking import instances_at
from tests.browser.screen import Screen
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode

PASSPHRASE = "correct horse battery"
CALL = """async (name, ...rest) => {
    const { connect } = await import("./panda.js");
    const panda = await connect();
    return await panda[name](...rest) ?? null;
}"""
FORKED = ".notice[data-reason=log-forked]"


def titles(screen: Screen) -> set[str]:
    return {str(talk["fields"]["title"]) for talk in screen.talks()}


def test_one_key_in_two_browsers_without_a_network(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node", site) as node, ExitStack() as tabs:
        laptop, phone = (Screen(tabs.enter_context(browsers.tab("chromium"))) for _ in range(2))
        laptop.open(node.url)
        laptop.write(title="Before")
        laptop.sent()
        copy = laptop.tab.evaluate(CALL, "backUp", PASSPHRASE)
        phone.open(node.url)
        phone.tab.evaluate(CALL, "restore", copy, PASSPHRASE)
        phone.open(node.url)
        phone.until(lambda: phone.talk("Before"))
        phone.write(title="From the phone")
        phone.sent()
        laptop.open(node.url)  # it goes on behind what the phone wrote
        laptop.until(lambda: laptop.talk("From the phone"))
        laptop.sent()
        both = laptop, phone
        for screen, title in zip(both, ("Laptop, offline", "Phone, offline"), strict=True):
            assert isinstance(screen.tab, PlaywrightTab)
            screen.tab.page.context.set_offline(True)
            screen.write(title=title)
        for screen in both:
            assert isinstance(screen.tab, PlaywrightTab)
            screen.tab.page.context.set_offline(False)
            screen.wait("#pending[data-pending='0']")  # one after the other: the laptop's come first
        phone.wait(FORKED)  # nothing is written for that
        words = phone.text(FORKED)
        assert "used in two places" in words
        assert "goes into a new log by itself" in words
        phone.until(lambda: titles(phone) == {"Before", "From the phone"})
        laptop.open(node.url)
        laptop.wait(FORKED)
        laptop.until(lambda: titles(laptop) == {"Before", "From the phone"})
        before = {each.log_id for each in instances_at(node.url)}
        assert len(before) == 1
        phone.write(title="Phone, again")
        phone.sent()
        for screen in both:
            screen.until(lambda screen=screen: screen.talk("Phone, again"))  # type: ignore[misc]
        laptop.write(title="Laptop, again")
        laptop.sent()
        phone.until(lambda: phone.talk("Laptop, again"))
        found = {str(each["title"]): each for each in instances_at(node.url)}
        assert found.keys() == {"Before", "From the phone", "Phone, again", "Laptop, again"}
        new = {found[title].log_id for title in ("Phone, again", "Laptop, again")}
        assert not new & before
        phone.act("delete", found["Before"].id)
        phone.click("#confirm-yes")
        phone.until(lambda: not phone.talk("Before"))
        phone.until(lambda: "Before" not in {str(each["title"]) for each in instances_at(node.url)})
        laptop.until(lambda: not laptop.talk("Before"))  # the delete stands behind the fork, on one branch
        phone.click(f"{FORKED} .dismiss")
        phone.open(node.url)
        phone.until(lambda: phone.talk("Laptop, again"))
        assert "log-forked" not in phone.notices(), "who has read it is not told again"
