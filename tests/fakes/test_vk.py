"""The fake VK behaves as VK does: its methods, and what goes wrong with them."""

import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.vk import FakeVk
from tests.fakes.vk_client import ANNA, VkClient

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]


# ---- methods ----


def test_a_wrong_token_and_an_old_version_are_refused(vk: FakeVk, client: VkClient) -> None:
    assert client.code("groups.getById", access_token="other") == 5
    assert client.code("groups.getById", v="5.131") == 8
    assert client.code("groups.getById", v="") == 8
    assert client.code("groups.getBycicle") == 3
    vk.revoke(27)
    assert client.code("groups.getById") == 27
    vk.restore()
    assert client.code("groups.getById") == 0


def test_no_error_tells_the_token(vk: FakeVk, client: VkClient) -> None:
    answer = client.call("messages.send", peer_id=5, message="Hi", random_id=1)
    assert answer["error"]["error_code"] == 901
    assert {"key": "message", "value": "Hi"} in answer["error"]["request_params"]
    assert vk.token not in json.dumps(answer)


def test_more_than_twenty_calls_a_second_are_too_many(vk: FakeVk, client: VkClient) -> None:
    vk.world.rate = 20
    codes = [client.code("groups.getById") for _ in range(30)]
    assert codes[:20] == [0] * 20
    assert 6 in codes[20:]


def test_one_random_id_is_one_message_with_the_same_ids(vk: FakeVk, client: VkClient) -> None:
    first, again = (client.send(ANNA, "Hi", 77) for _ in range(2))
    assert first == again
    assert (vk.effects("Hi"), vk.world.repeats) == (1, 1)
    assert client.send(ANNA, "Hi", 78) != first
    vk.allow(1002)
    client.send(1002, "Hi", 77)
    assert vk.effects("Hi") == 3


def test_zero_is_never_compared_and_none_at_all_is_refused(vk: FakeVk, client: VkClient) -> None:
    client.send(ANNA, "Hi", 0)
    client.send(ANNA, "Hi", 0)
    assert vk.effects("Hi") == 2
    assert client.code("messages.send", peer_id=ANNA, message="Hi") == 100
    assert client.code("messages.send", peer_id=ANNA, message="Hi", random_id=2**31) == 100


def test_a_random_id_is_forgotten_after_an_hour_and_after_a_hundred_messages(vk: FakeVk, client: VkClient) -> None:
    client.send(ANNA, "Hi", 77)
    for number in range(100):
        vk.says(ANNA, str(number))
    client.send(ANNA, "Hi", 77)
    assert vk.effects("Hi") == 2
    vk.world.conversations[ANNA][-1]["date"] -= 3601
    client.send(ANNA, "Hi", 77)
    assert vk.effects("Hi") == 3


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (914, {"message": "x" * 4097}),
        (100, {"message": "  "}),
        (911, {"message": "Hi", "keyboard": "{"}),
        (911, {"message": "Hi", "keyboard": json.dumps({"buttons": [[{"action": {"type": "jump"}}]]})}),
        (911, {"message": "Hi", "keyboard": json.dumps({"inline": True, "buttons": [[]] * 7})}),
        (100, {"message": "Hi", "format_data": "bold"}),
        (100, {"message": "Hi", "attachment": ",".join(f"doc1_{n}" for n in range(11))}),
    ],
)
def test_what_vk_refuses_has_no_effect(vk: FakeVk, client: VkClient, code: int, params: Json) -> None:
    assert client.code("messages.send", peer_id=ANNA, random_id=1, **params) == code
    assert vk.ledger == []


def test_a_keyboard_needs_the_communitys_consent(vk: FakeVk, client: VkClient) -> None:
    keyboard = json.dumps(
        {"inline": True, "buttons": [[{"action": {"type": "text", "label": "Yes", "payload": "{}"}}]]}
    )
    vk.world.bots_enabled = False
    assert client.code("messages.send", peer_id=ANNA, random_id=1, message="Hi", keyboard=keyboard) == 912
    vk.world.bots_enabled = True
    assert client.code("messages.send", peer_id=ANNA, random_id=1, message="Hi", keyboard=keyboard) == 0
    assert vk.messages(ANNA)[-1]["keyboard"]["inline"] is True


@pytest.mark.parametrize("code", [900, 901, 902])
def test_who_can_not_be_written_to_is_told_per_peer(vk: FakeVk, client: VkClient, code: int) -> None:
    vk.deny(ANNA, code)
    answer = client.send(ANNA, "Hi", 1)
    assert answer["error"]["code"] == code
    assert vk.effects("Hi") == 0
    assert client.code("messages.send", peer_id=ANNA, random_id=1, message="Hi") == code
    vk.allow(ANNA)
    assert "error" not in client.send(ANNA, "Hi", 1)


def test_ids_count_over_all_and_in_each_conversation(vk: FakeVk, client: VkClient) -> None:
    other = vk.says(1002, "Me too")
    chat = vk.says(1002, "All", peer_id=2_000_000_001)
    mine = client.send(ANNA, "Hi", 1)
    assert (other["conversation_message_id"], mine["conversation_message_id"]) == (1, 2)
    assert mine["message_id"] > other["id"]
    assert (chat["id"], chat["conversation_message_id"]) == (0, 1)


def test_a_sent_message_is_a_message_reply_with_its_random_id(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    client.send(ANNA, "Hi", 77)
    vk.replies_by_hand(ANNA, "Hi too", 7)
    api, hand = (update["object"] for update in client.listen(server)["updates"])
    assert (api["random_id"], api["from_id"], api["out"]) == (77, -vk.group_id, 1)
    assert (hand["random_id"], hand["admin_author_id"]) == (0, 7)


def test_an_answer_shows_what_it_answers(vk: FakeVk, client: VkClient) -> None:
    forward = json.dumps({"peer_id": ANNA, "conversation_message_ids": [1], "is_reply": 1})
    client.send(ANNA, "Yes", 1, forward=forward)
    assert vk.messages(ANNA)[-1]["reply_message"]["text"] == "Hello"
    assert vk.ledger[-1]["forward"] == forward


def test_edits_are_for_our_own_messages_of_a_day(vk: FakeVk, client: VkClient) -> None:
    cmid = client.send(ANNA, "Hi", 1)["conversation_message_id"]
    edit = {"peer_id": ANNA, "message": "Hi!"}
    assert client.code("messages.edit", **edit, cmid=cmid) == 0
    assert vk.messages(ANNA)[-1]["text"] == "Hi!"
    assert client.code("messages.edit", **edit, cmid=1) == 920
    vk.world.edit_window = -1
    assert client.code("messages.edit", **edit, cmid=cmid) == 909


def test_deletions_say_what_became_of_each(vk: FakeVk, client: VkClient) -> None:
    cmid = client.send(ANNA, "Hi", 1)["conversation_message_id"]
    answer = client.call("messages.delete", peer_id=ANNA, cmids=f"{cmid},1", delete_for_all=1)["response"]
    assert [each["response"] for each in answer] == [1, 0]
    assert answer[1]["error"]["code"] == 924
    assert [each["text"] for each in vk.messages(ANNA)] == ["Hello"]


def test_history_is_paged_from_either_end(vk: FakeVk, client: VkClient) -> None:
    for number in range(2, 7):
        vk.says(ANNA, str(number))

    def cmids(**params: Any) -> list[int]:
        items = client.call("messages.getHistory", peer_id=ANNA, **params)["response"]["items"]
        return [each["conversation_message_id"] for each in items]

    assert cmids(count=2) == [6, 5]
    assert cmids(count=2, offset=4) == [2, 1]
    assert cmids(count=3, rev=1) == [1, 2, 3]
    assert cmids(count=2, start_cmid=4) == [4, 3]
    assert cmids(count=2, start_cmid=4, offset=-2) == [6, 5]
    assert cmids(count=2, start_cmid=4, rev=1) == [4, 5]
    assert cmids(count=2, start_message_id=vk.messages(ANNA)[3]["id"]) == [4, 3]
    assert cmids(count=2, offset=6) == []
    assert client.code("messages.getHistory", peer_id=ANNA, count=201) == 100


def test_conversations_come_newest_first(vk: FakeVk, client: VkClient) -> None:
    vk.says(1002, "Me too")
    vk.says(ANNA, "And?")
    answer = client.call("messages.getConversations", count=1)["response"]
    assert (answer["count"], answer["unread_count"]) == (2, 2)
    assert answer["items"][0]["last_message"]["text"] == "And?"
    assert answer["items"][0]["conversation"]["unread_count"] == 2
    client.call("messages.markAsRead", peer_id=ANNA)
    unread = client.call("messages.getConversations", filter="unread")["response"]["items"]
    assert [each["conversation"]["peer"]["id"] for each in unread] == [1002]


def test_people_are_told_by_field_and_nobody_is_left_out(vk: FakeVk, client: VkClient) -> None:
    vk.join(1002, "DELETED", deactivated="deleted")
    vk.join(1003, "Boris", "Bell", screen_name="boris")
    answer = client.call("users.get", user_ids="1002,boris,55")["response"]
    assert [each["id"] for each in answer] == [1002, 1003]
    assert answer[0]["deactivated"] == "deleted"
    assert "screen_name" not in answer[1]
    assert client.call("users.get", user_ids=1003, fields="screen_name")["response"][0]["screen_name"] == "boris"
    assert client.code("users.get", user_ids=",".join(map(str, range(1, 1002)))) == 100


def test_an_uploaded_file_hangs_on_its_message_and_can_be_fetched(vk: FakeVk, client: VkClient) -> None:
    url = client.call("docs.getMessagesUploadServer", peer_id=ANNA, type="doc")["response"]["upload_url"]
    token = client.upload(url, "file", "отчёт.pdf", b"PDF")
    assert "error" in client.upload(url, "wrong", "a.pdf", b"PDF")
    doc = client.call("docs.save", **token, title="отчёт.pdf")["response"]["doc"]
    assert client.code("docs.save", **token) == 100
    client.send(ANNA, "", 1, attachment=f"doc{doc['owner_id']}_{doc['id']}")
    hung = vk.messages(ANNA)[-1]["attachments"][0]["doc"]
    assert (hung["title"], hung["size"], hung["ext"]) == ("отчёт.pdf", 3, "pdf")
    with urllib.request.urlopen(hung["url"], timeout=5) as answer:
        assert answer.read() == b"PDF"


def test_a_served_file_may_be_elsewhere(vk: FakeVk) -> None:
    with urllib.request.urlopen(vk.serve("a.png", b"PNG", "image/png", redirect=True), timeout=5) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"PNG", "image/png")
        assert answer.url.endswith("/files/moved/a.png")


def test_one_guid_is_one_comment(vk: FakeVk, client: VkClient) -> None:
    comment = {"owner_id": -vk.group_id, "post_id": 33, "message": "Yes", "guid": "g"}
    ids = {client.call("wall.createComment", **comment)["response"]["comment_id"] for _ in range(2)}
    assert len(ids) == 1
    assert [each["method"] for each in vk.ledger] == ["wall.createComment"]


def test_a_guid_is_forgotten_after_its_time(vk: FakeVk, client: VkClient) -> None:
    vk.tune(guid_for=0)
    for _ in range(2):
        client.call("wall.createComment", post_id=33, message="Yes", guid="g")
    assert [each["text"] for each in vk.world.comments] == ["Yes", "Yes"]


def test_comments_are_read_by_thread(vk: FakeVk, client: VkClient) -> None:
    first, other = (vk.comments(ANNA, text)["id"] for text in ("one", "two"))
    below = vk.comments(1002, "below", reply_to=first)["id"]
    vk.comments(ANNA, "further", reply_to=below)
    vk.comments(ANNA, "elsewhere", post_id=34)

    def said(**params: Any) -> list[str]:
        answer = client.call("wall.getComments", post_id=33, **params)["response"]
        return [each["text"] for each in answer["items"]]

    assert said() == ["one", "two"]
    assert said(comment_id=first) == ["below", "further"]
    assert said(comment_id=first, sort="desc", count=1, offset=1) == ["below"]
    assert said(comment_id=other) == []
    assert said(preview_length=2) == ["on", "tw"]
    assert client.call("wall.getComment", comment_id=below)["response"]["items"][0]["parents_stack"] == [first]
    assert client.code("wall.getComment", comment_id=999) == 100


def test_the_communitys_comments_alone_are_changed_and_taken_back(vk: FakeVk, client: VkClient) -> None:
    asked = vk.comments(ANNA, "Open?")
    below = {"post_id": 33, "reply_to_comment": asked["id"]}
    ours = client.call("wall.createComment", message="Yes", **below)["response"]["comment_id"]
    assert vk.world.comments[-1]["reply_to_user"] == ANNA
    assert client.code("wall.editComment", comment_id=ours, message="No") == 0
    assert vk.world.comments[-1]["text"] == "No"
    assert client.code("wall.editComment", comment_id=asked["id"], message="Closed?") == 211
    assert client.code("wall.deleteComment", comment_id=asked["id"]) == 211
    assert client.code("wall.deleteComment", comment_id=ours) == 0
    assert vk.world.comments == [asked]
    assert [each["method"] for each in vk.ledger] == [f"wall.{verb}Comment" for verb in ("create", "edit", "delete")]


# ---- what goes wrong ----


@pytest.mark.parametrize("code", [5, 6, 9, 10, 14, 901, 917])
def test_a_queued_error_comes_once_and_without_the_effect(vk: FakeVk, client: VkClient, code: int) -> None:
    vk.fault("error", "messages.send", code=code)
    answer = client.call("messages.send", peer_id=ANNA, random_id=1, message="Hi")
    assert answer["error"]["error_code"] == code
    assert ("captcha_sid" in answer["error"]) == (code == 14)
    assert vk.effects("Hi") == 0
    client.send(ANNA, "Hi", 1)
    assert vk.effects("Hi") == 1


def test_faults_wait_for_their_method_and_their_turn(vk: FakeVk, client: VkClient) -> None:
    vk.fault("error", "users.get", times=2, code=10)
    vk.fault("error", code=9)
    assert [client.code("groups.getById") for _ in range(2)] == [9, 0]
    assert [client.code("users.get", user_ids=ANNA) for _ in range(3)] == [10, 10, 0]
    vk.fault("error", times=-1, code=9)
    assert [client.code("groups.getById") for _ in range(3)] == [9, 9, 9]
    vk.mend()
    assert client.code("groups.getById") == 0


@pytest.mark.parametrize(("kind", "effects"), [("before", 0), ("after", 1)])
def test_a_failing_server_may_or_may_not_have_done_it(vk: FakeVk, client: VkClient, kind: Any, effects: int) -> None:
    vk.fault(kind, "messages.send", status=502)
    with pytest.raises(urllib.error.HTTPError, match="502") as failed:
        client.send(ANNA, "Hi", 1)
    failed.value.close()
    assert vk.effects("Hi") == effects


@pytest.mark.parametrize(("kind", "effects"), [("unsent", 0), ("cut", 1)])
def test_a_cut_line_may_or_may_not_have_done_it(vk: FakeVk, client: VkClient, kind: Any, effects: int) -> None:
    vk.fault(kind, "messages.send")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.send(ANNA, "Hi", 1)
    assert vk.effects("Hi") == effects


def test_a_call_may_hang_after_its_effect(vk: FakeVk, client: VkClient) -> None:
    vk.fault("hang", "messages.send", seconds=1)
    client.timeout = 0.3
    with pytest.raises(TimeoutError):
        client.send(ANNA, "Hi", 1)
    assert vk.effects("Hi") == 1


def test_a_page_comes_instead_of_json(vk: FakeVk, client: VkClient) -> None:
    vk.fault("html", "messages.send")
    with pytest.raises(json.JSONDecodeError):
        client.send(ANNA, "Hi", 1)
    assert vk.effects("Hi") == 0


def test_refused_connections_are_taken_again_at_the_same_port(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.refuse()
    with pytest.raises(urllib.error.URLError, match="refused"):
        client.code("groups.getById")
    vk.says(ANNA, "meanwhile")
    vk.accept()
    assert len(client.listen(server)["updates"]) == 1


# ---- as a process ----


def test_as_a_process_it_keeps_its_ledger_in_a_file_and_takes_orders(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-m", "tests.fakes.vk", "--ledger", str(ledger), "--group", "7", "--token", "t"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            _order(url, "tune", rate=50)
            said = _order(url, "says", user_id=ANNA, text="Hello")
            assert said["conversation_message_id"] == 1
            form = f"access_token=t&v=5.199&peer_id={ANNA}&random_id=5&message=Hi".encode()
            with urllib.request.urlopen(f"{url}/method/messages.send", form, timeout=5) as answer:
                assert json.loads(answer.read())["response"] > said["id"]
            process.kill()
        finally:
            process.kill()
    effects = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(each["text"], each["random_id"], each["peer_id"]) for each in effects] == [("Hi", 5, ANNA)]


def _order(url: str, name: str, **arguments: Any) -> Any:
    with urllib.request.urlopen(f"{url}/fake/{name}", json.dumps(arguments).encode(), timeout=5) as answer:
        return json.loads(answer.read())["result"]
