"""What is said below posts, in public: written, changed, taken back, looked for."""

from datetime import UTC, datetime

from connectors.base import Doubtful, Letter, Receipt, Rejected
from connectors.text import clean_text
from connectors.vk import addresses
from connectors.vk.calls import Calls
from connectors.vk.fields import Json, number, records, string

# As many comments as VK gives at once, and how many pages of the newest are looked through.
_PAGE, _PAGES = 100, 5
# Seconds the clocks may differ. No more: the same words may have been said there before.
_BEFORE = 60
# Seconds in which VK certainly knows a `guid` again.
_KNOWN = 3600
# Its owner, its post and its number.
Comment = tuple[int, int, int]


def comment_of(letter: Letter) -> Comment | None:
    """The comment the letter answers, changes or takes back; None for a letter to a conversation."""
    # An edit still says what the letter it changes had answered: that comment is the client's.
    key = letter.reply_to or letter.below if letter.action == "send" else letter.external_id
    return addresses.comment_of(key or "")


async def make(calls: Calls, group_id: int, letter: Letter, comment: Comment) -> Receipt:
    """Make the letter's call; see Connector.send."""
    owner, post, item = comment
    if letter.files or letter.buttons:
        raise Rejected("below a post Okno can write text alone; send files and buttons in the conversation")
    if letter.action == "edit":
        await calls.call("wall.editComment", owner_id=owner, comment_id=item, message=letter.text)
        return Receipt()
    if letter.action == "delete":
        await calls.call("wall.deleteComment", owner_id=owner, comment_id=item)
        return Receipt()
    answer = await calls.call(
        "wall.createComment",
        owner_id=owner,
        post_id=post,
        from_group=group_id,
        reply_to_comment=item,
        message=letter.text,
        guid=letter.key,
    )
    written = number(answer, "comment_id") if isinstance(answer, dict) else 0
    return Receipt((addresses.comment_key("wall", owner, post, written),) if written else ())


async def find(calls: Calls, group_id: int, letter: Letter, comment: Comment) -> Receipt | None:
    """See Find. VK tells nobody the `guid` of a comment: it is known by what it says, and to whom."""
    try:
        return await _search(calls, group_id, letter, comment)
    except Rejected as refused:
        # VK's documents give these methods to users' keys alone.
        if (datetime.now(UTC) - letter.sent_at).total_seconds() < _KNOWN:
            return None
        raise Doubtful(f"look below the post whether it is there; VK does not let Okno look: {refused}") from refused


async def _search(calls: Calls, group_id: int, letter: Letter, comment: Comment) -> Receipt | None:
    owner, post, item = comment
    above = await _first_of_thread(calls, owner, item)
    since = int(letter.sent_at.timestamp()) - _BEFORE
    for page in range(_PAGES):
        answer = await calls.call(
            "wall.getComments",
            owner_id=owner,
            post_id=post,
            comment_id=above,
            sort="desc",
            preview_length=0,
            offset=page * _PAGE,
            count=_PAGE,
        )
        newest = records(answer, "items") if isinstance(answer, dict) else []
        for said in newest:
            if number(said, "date") >= since and _is_ours(said, group_id, letter, item):
                return Receipt((addresses.comment_key("wall", owner, post, number(said, "id")),))
        if len(newest) < _PAGE or number(newest[-1], "date") < since:
            return None
    return None


async def _first_of_thread(calls: Calls, owner: int, item: int) -> int:
    """The comment below which the answers to this one stand: threads have one level, and begin with it or above."""
    answer = await calls.call("wall.getComment", owner_id=owner, comment_id=item)
    found = records(answer, "items") if isinstance(answer, dict) else []
    stack = found[0].get("parents_stack") if found else None
    return number({"id": stack[0]}, "id") if isinstance(stack, list) and stack else item


def _is_ours(said: Json, group_id: int, letter: Letter, item: int) -> bool:
    if number(said, "from_id") != -group_id or number(said, "reply_to_comment") != item:
        return False
    return clean_text(string(said, "text")).strip() == clean_text(letter.text).strip()
