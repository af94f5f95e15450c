"""docs/embedding.md: its page works as it stands there, and what it says of policies and errors is so."""

import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browsers import Browsers, PlaywrightTab
from tests.embedding.websites import CORS, NONCE, strict, write_pages
from tests.hosts import examples
from tests.processes import ServedNode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "embedding.md").read_text("utf-8")


def test_the_example_page_works(browsers: Browsers, host: ServedNode, tmp_path: Path, serve_files) -> None:
    (page,) = re.findall(r"```html\n(<!doctype html>.*?)```", DOCUMENT, re.DOTALL)
    assert page.count("https://HOST/") == 1
    (tmp_path / "index.html").write_text(page.replace("https://HOST/", host.url), "utf-8")
    with browsers.tab("chromium") as tab:
        tab.goto(serve_files(tmp_path).url)
        tab.wait_for(
            "() => document.querySelector('[role=status]').textContent.startsWith('You are ')", timeout=300
        )
        tab.evaluate(
            """() => {
                document.querySelector("input").value = "Good morning";
                document.querySelector("button").click();
            }"""
        )
        tab.wait_for("() => document.querySelector('li')?.textContent.startsWith('Good morning')")
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]


DATA = """async () => {
    const mine = await panda.connect();
    const define = (name, fields) => mine.define({ name, description: "", fields });
    const { id: person } = await define("person", { name: { type: "text" } });
    const { id: blog } = await define("blog", { name: { type: "text" }, owner: { type: "relation", schema: person } });
    await define("post", { title: { type: "text" }, date: { type: "timestamp" }, blog: { type: "relation", schema: blog, optional: true } });
    const { id: owner } = await mine.create(person, { name: "Ada" });
    const { id: diary } = await mine.create(blog, { name: "Diary", owner });
    for (let n = 1; n <= 25; n += 1) {
        const title = String(n).padStart(2, "0");
        await mine.create("post", { title, date: `2026-01-${title}T00:00:00Z`, ...(n < 3 ? { blog: diary } : {}) });
    }
}"""


def test_reading(browsers: Browsers, host: ServedNode, site: Path, tmp_path: Path, serve_files) -> None:
    www = write_pages(tmp_path / "www", host.url, site)
    for name in ("read.js", "standing.js", "follow.js", "kept.js"):
        (www / name).write_text(examples.files("embedding.md")[name], "utf-8")
    with browsers.tab("chromium") as tab:
        url = serve_files(www).url + "tag.html"
        tab.goto(url)
        tab.evaluate(DATA, timeout=300)
        found = tab.evaluate(
            """async () => {
                const mine = await panda.connect();
                const { titles, posts, twoPages } = await import("./read.js");
                const pages = await twoPages(mine);
                return [await titles(mine), (await posts(mine)).map(({ title }) => title), pages.map((page) => page.length)];
            }"""
        )
        beside = tab.evaluate(
            """async () => {
                const mine = await panda.connect();
                const { follow, since, withBlogs } = await import("./follow.js");
                const list = document.body.appendChild(document.createElement("ol"));
                void follow(mine, list);
                const [one, two] = await mine.query("post", { orderBy: ["date"], include: ["blog"] }).toArray();
                const shared = one._included.blog === two._included.blog && !("_included" in one._included.blog);
                return [await since(mine, "2026-01-20"), await withBlogs(mine), shared];
            }"""
        )
        tab.wait_for("() => document.querySelectorAll('ol li').length === 25")
        tab.evaluate(
            "async () => (await panda.connect()).create('post', { title: 'New', date: '2026-02-01T00:00:00Z' })"
        )
        tab.wait_for("() => document.querySelector('ol li').textContent === 'New'")
        assert tab.evaluate("document.querySelector('ol').title") == "1 new"
        tab.evaluate(
            """() => {
                const place = document.body.appendChild(document.createElement("p"));
                place.id = "standing";
                Promise.all([import("./standing.js"), panda.connect()]).then(([{ show }, mine]) => show(mine, place));
            }"""
        )
        tab.wait_for("() => document.querySelector('#standing')?.textContent === 'connected'")
        again, text = tab.evaluate(
            """async () => {
                const mine = await panda.connect();
                const { everything, takeIn } = await import("./kept.js");
                const file = await everything(mine);
                const found = [await takeIn(mine, file), await file.text()];
                await mine.flush();
                await mine.forget();
                return found;
            }"""
        )
        tab.goto("about:blank")
        tab.goto(url)
        back = tab.evaluate(
            """async (text) => {
                const mine = await panda.connect({ mode: "local" });
                const { takeIn } = await import("./kept.js");
                return [await takeIn(mine, new File([text], "all.panda")), await mine.count("post")];
            }""",
            text,
        )
    assert (again, back) == (0, [31, 26])  # three definitions, a person, a blog and the posts
    newest = [f"{day:02}" for day in range(25, 0, -1)]
    assert found == [newest, newest, [20, 5]]
    assert beside == [6, [["01", "Diary", "Ada"], ["02", "Diary", "Ada"], ["03", None, None]], True]


def test_the_copy_of_a_key(
    browsers: Browsers, host: ServedNode, site: Path, tmp_path: Path, serve_files
) -> None:
    """With the command too, as it stands there."""
    words, files = "correct horse", examples.files("embedding.md")
    www = write_pages(tmp_path / "www", host.url, site)
    (www / "copy.js").write_text(files["copy.js"], "utf-8")
    url = serve_files(www).url
    connect = "async () => { globalThis.mine = await panda.connect(); return [mine.author, mine.canBackUp]; }"
    with ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab("chromium")) for _ in range(2))
        assert isinstance(old, PlaywrightTab)
        for tab in (old, new):
            tab.goto(url + "tag.html")
        author, offered = old.evaluate(connect, timeout=300)
        assert offered
        download: Any
        with old.page.expect_download() as download:
            old.evaluate("async (words) => (await import('./copy.js')).save(mine, words)", words)
        copy = tmp_path / download.value.suggested_filename
        download.value.save_as(copy)
        if shutil.which("openssl"):
            command = [*files["look.sh"].split(), "-passin", f"pass:{words}"]
            said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
            assert "".join(said.partition("pub:")[2].split()).replace(":", "") == author
        assert new.evaluate(connect, timeout=300)[0] != author
        restore = """async (text, words) => {
            await (await import('./copy.js')).restore(mine, new File([text], "panda.pem"), words);
            return mine.author;
        }"""
        assert new.evaluate(restore, copy.read_text("utf-8"), words) == author


def test_the_policies_are_those_that_are_tested() -> None:
    tested = strict("https://HOST")["Content-Security-Policy"].replace(NONCE, "…")
    for directive in tested.split("; "):
        if not directive.startswith("img-src"):  # the tests' own icon
            assert directive in DOCUMENT
    assert all(f"{name}: {value}" in DOCUMENT for name, value in CORS.items())


def test_every_reason_is_listed() -> None:
    """Those of a start; what Python says is in docs/reasons.md."""
    reasons = set()
    for path in [*(ROOT / "web" / "panda").glob("*.js"), *(ROOT / "web" / "worker").glob("*.js")]:
        script = path.read_text("utf-8")
        reasons |= set(re.findall(r'new (?:PandaError|Problem)\(\s*"([a-z-]+)"', script))
    assert len(reasons) > 10
    reasons -= {"fetch-failed"}  # between worker.js and panda.js, which says what it means
    assert reasons == set(re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE))
