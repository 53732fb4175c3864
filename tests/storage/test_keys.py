"""Keys: made once, the same for every process."""

from pathlib import Path

from storage import keys
from storage.db import Database
from tests.pipeline.children import crew


def test_a_key_is_made_once_whoever_asks_first(db: Database, tmp_path: Path) -> None:
    url = db.url.render_as_string(hide_password=False)
    found = tmp_path / "found"

    def ask() -> None:
        with found.open("a") as file:
            file.write(Database(url).write(lambda tx: keys.get(tx, keys.SESSIONS)).hex() + "\n")

    crew(3, ask)
    asked = found.read_text().split()
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert len(bytes.fromhex(asked[0])) == 32


def test_each_name_has_a_key_of_its_own(db: Database) -> None:
    with db.begin() as tx:
        assert keys.get(tx, "one") != keys.get(tx, "two")
