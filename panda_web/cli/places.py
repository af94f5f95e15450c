"""Where things lie: the data folder of the platform's convention, or the one that `--data` names."""

from pathlib import Path

from platformdirs import user_data_path, user_state_path

import panda_web

DEFAULT_NODE = "http://localhost:2020"


def data_folder(given: Path | None) -> Path:
    """The data folder; by default the platform's own place for such."""
    return given if given is not None else user_data_path("panda-web", appauthor=False)


def key_path(given: Path | None) -> Path:
    """The key file in a data folder."""
    return data_folder(given) / "key.pem"


def database_path(given: Path | None) -> Path:
    """The node's database in a data folder."""
    return data_folder(given) / "node.db"


def state_folder() -> Path:
    """Where this user's nodes say on which folders they run; it need not outlive them."""
    return user_state_path("panda-web", appauthor=False)


def packaged_site() -> Path | None:
    """The site that came with the package; None where the package came without, as in a checkout."""
    site = Path(panda_web.__file__).parent / "site"
    return site if (site / "index.html").is_file() else None
