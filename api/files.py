"""Files over HTTP: what operators send along, and how any file is handed out."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Row
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response

from api.auth import allow
from api.house import House, house
from api.schemas import File, errors
from api.uploads import FORM, uploaded
from api.writes import Writer, writer
from dialogs import files
from dialogs.access import Staff
from errors import NotFound
from storage.files import INLINE, UNKNOWN

router = APIRouter(prefix="/v1/files", tags=["files"])

# So that no browser takes it for a page of ours.
HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private, max-age=3600",
}
_CHUNK = 1 << 18
_writing = writer("file.write")


@router.post("", status_code=201, response_model=File, responses=errors(400, 401, 403, 413, 422), openapi_extra=FORM)
def upload(
    write: Annotated[Writer, Depends(_writing)], file: Annotated[UploadFile, Depends(uploaded(_writing))]
) -> Response:
    """Upload a file, the form's `file`, for a reply or a note that names its id; unused it is gone after a day."""
    name, declared = file.filename or "", file.content_type or ""
    content = write.house.files.put_stream(_chunks(file), write.house.settings.web.max_file)
    said = {"name": name, "type": declared, "sha256": content.sha256}
    return write(said, lambda work: (201, files.upload(work, name, declared, content)))


@router.get("/{file_id}", response_class=Response, responses=errors(401, 404, 422))
def download(
    file_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
    actor: Annotated[Staff, Depends(allow("file.read"))],
    of: Annotated[House, Depends(house)],
) -> Response:
    """A file's content: pictures to look at, everything else to save."""
    with of.db.read() as tx:
        row = files.find(tx, actor, file_id)
    return handed_out(of, row)


def handed_out(of: House, row: Row[Any]) -> Response:
    """The content behind a row; raises NotFound."""
    path = of.files.path(row.sha256)
    if not path.is_file():
        raise NotFound("The content of this file is not here.")
    shown = row.type in INLINE
    headers = {
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(row.name, safe='')}",
        **HARMLESS,
    }
    return FileResponse(path, headers=headers, media_type=row.type or UNKNOWN)


def _chunks(file: UploadFile) -> Iterator[bytes]:
    while chunk := file.file.read(_CHUNK):
        yield chunk
