"""What is said below posts, in public: written, changed, taken back."""

from connectors.base import Letter, Receipt, Rejected
from connectors.vk import addresses
from connectors.vk.calls import Calls
from connectors.vk.fields import number

# Its owner, its post and its number.
Comment = tuple[int, int, int]


def comment_of(letter: Letter) -> Comment | None:
    """The comment the letter answers, changes or takes back; None for a letter to a conversation."""
    # An edit still says what the letter it changes had answered: that comment is the client's.
    key = letter.reply_to if letter.action == "send" else letter.external_id
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
