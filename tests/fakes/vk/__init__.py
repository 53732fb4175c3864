"""A fake VK: a real HTTP server on 127.0.0.1 that speaks API 5.199, Bots Long Poll and Callback API.

    with FakeVk() as vk:                      # own thread; also `python -m tests.fakes.vk --port N --ledger FILE`
        vk.url                                # the api_base: METHODS under {url}/method/NAME; vk.token, vk.group_id
        message = vk.says(1001, "Hello")      # a client writes: message_new, with ids; and what Said has
        vk.replies_by_hand(1001, "Hi", 7)     # an admin answers on the page: message_reply, random_id 0
        vk.comments(1001, "Open?", post_id=33, reply_to=0)      # a client comments on a post: wall_reply_new
        vk.edits(1001, cmid, "Hullo")         # message_edit
        vk.emit("group_join", {...})          # any event; emit_again(event) sends one twice
        vk.allow(1002), vk.deny(1001, 901)    # who may be written to; nobody may unless he wrote or was allowed
        vk.join(1001, "Anna", "Bell", deactivated=None, screen_name="anna")   # whom users.get knows
        vk.fault("error", "messages.send", code=901, times=2)   # Fault has the kinds; "*" is every method
        vk.effects("Hi"), vk.ledger           # how often a text arrived; every effect, oldest first
        vk.requests["messages.send"]          # a Counter of requests by method, and of "a_check", "upload", "file"
        vk.calls                              # [(method, params)] without the token
        vk.messages(1001)                     # the conversation, oldest first
        vk.serve("a.pdf", b"…") -> url        # a file to be fetched; redirect=True answers 302 first
        vk.revoke(), vk.restore()             # the token stops working (error 5, or code=27) and works again
        vk.refuse(), vk.accept()              # connections are refused, and taken again at the same port
        vk.expire_keys()                      # Long Poll: failed 2
        vk.forget(keep=0)                     # the history is gone but for `keep` events: failed 1 for an old ts
        vk.lose_info()                        # failed 3; events before it can not be had by Long Poll any more
        vk.fault("failed", "a_check", answer={"failed": 4, "min_version": 0, "max_version": 3})
        vk.shake(duplicates=0.1, swaps=0.1, seed=1)             # events come twice, or in wrong order
        vk.call_back(url, secret="s", confirmation="c", delays=(0.05, 0.1))   # Callback API instead of Long Poll
        vk.confirm()                          # asks the URL for the confirmation string: whether it was right
        vk.deliveries                         # [{event_id, retry, status, body, begun, at}], status 0 for no answer
        vk.late()                             # message_new that may have been taken after a later one of its peer

`vk.tune(rate=1000, …)` sets rate (20 a second), edit_window (24 h), dedupe_for and dedupe_last (3600 s, 100 messages),
guid_for (3600 s), bots_enabled, long_poll_enabled, long_poll_events, permissions, history (events kept), longest_wait
(90 s).
The fake does not look for parameters VK does not have: `schema.unknown_parameters(vk.calls) == []` does.

As a process, it takes every public method as POST {url}/fake/NAME with a JSON object of its arguments; the answer is
{"result": …}, and {url}/fake/ledger has the ledger. An effect is in the ledger file before it is answered.
"""

from tests.fakes.vk.faults import Fault
from tests.fakes.vk.server import FakeVk

__all__ = ["FakeVk", "Fault"]
