"""An upgrade as docs/operations.md says: the newer version's migration first, then one process after the other."""

import shutil
from pathlib import Path

import pytest

from storage import ledger
from storage.db import Database
from tests.deploy.installation import ROOT, Installation, wait_for

FOLDERS = ["connectors", "pipeline", "dialogs", "tasks", "storage", "api"]
RUNS = [*FOLDERS, "workers.py", "settings.py", "log.py", "errors.py", "settings.toml"]
# Expanding: the old version neither knows nor needs what it adds.
MIGRATION = '''"""One column more."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("clients", sa.Column("nickname", sa.Text(), nullable=True))
'''


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The tree of a version to come, with a migration of its own."""
    folder = tmp_path / "newer"
    folder.mkdir()
    for name in RUNS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, folder / name)
    versions = folder / "storage" / "migrations" / "versions"
    head = max(path.name for path in versions.glob("*.py")).partition("_")[0]
    (versions / "9999_nickname.py").write_text(MIGRATION.format(head=head))
    return folder


def test_the_old_version_works_on_until_the_new_one_takes_over(
    database_url: str, db: Database, tmp_path: Path, newer: Path
) -> None:
    okno = Installation(tmp_path, database_url)
    okno.token = okno.run("operator", "add", "Anna", "--role", "admin").strip()

    def processed(number: int) -> bool:
        with db.read() as tx:
            return ledger.flows(tx).get("site", {}).get("processed") == number

    with okno.running("web", "work"):
        okno.post_signed({"id": "1", "visitor": "boris", "text": "before"})
        wait_for(lambda: processed(1))
        okno.code = newer
        assert "→ 9999" in okno.run("migrate")
        assert okno.ask("GET", "/readyz")["database"] == "newer schema"
        okno.post_signed({"id": "2", "visitor": "boris", "text": "between"})
        wait_for(lambda: processed(2))
        okno.code = ROOT
        assert "upgraded by a newer one" in okno.run("migrate", status=1)
        assert "install the newer Okno" in okno.run("check", status=1)
        # The newer web process takes the port once the older one has left it.
        okno.code = newer
        with okno.running("work"):
            okno.post_signed({"id": "3", "visitor": "boris", "text": "both at once"})
            wait_for(lambda: processed(3))
    with okno.running("web", "work"):
        okno.post_signed({"id": "4", "visitor": "boris", "text": "after"})
        wait_for(lambda: processed(4))
        (dialog,) = okno.ask("GET", "/v1/dialogs")["items"]
        messages = okno.ask("GET", f"/v1/dialogs/{dialog['id']}/messages")["items"]
    assert [message["text"] for message in messages] == ["before", "between", "both at once", "after"]
    assert "Every promise is kept" in okno.run("verify")
