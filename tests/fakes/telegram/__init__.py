"""A fake Telegram: a real HTTP server on 127.0.0.1 that speaks the Bot API 10, by polling and by webhook.

    with Telegram() as telegram:              # own thread; also `python -m tests.fakes.telegram --port N --ledger FILE`
        telegram.url, telegram.token          # the api_base and what stands in the addresses; bot id 700
        update = telegram.says(5, "Hello")    # user 5 writes; fields of the message by telegram_updates:
        telegram.says(5, chat=-1001, **build.photo())       # in a group, which is known from then on
        telegram.edits(update, "Hullo"), telegram.presses(5, "yes", chat_id, message_id)
        telegram.emit("message", {...}), telegram.emit_again(update)     # any type; the same update once more
        telegram.join(42)                     # a chat that may be written to; who wrote may be, all others if any_chat
        telegram.block(5), telegram.unblock(5), telegram.migrate(-5, -1009)
        telegram.file("a.pdf", b"...", size=None) -> file_id             # for build.document(file_id=...)
        telegram.effects("Hi"), telegram.ledger      # how often a text was sent; every effect, oldest first
        telegram.requests["sendMessage"]      # a Counter of requests by method; "file" is a download
        telegram.calls                        # [(method, parameters)], files left out
        telegram.messages(5)                  # what stands in the chat
        telegram.pending                      # updates that are not confirmed
        telegram.fault("throttle", "sendMessage", retry_after=7, times=2)    # Fault has the kinds; "*" is all methods
        telegram.fault("json", answer={...}, status=400), telegram.mend()
        telegram.limit()                      # 30/s a bot, 1/s a chat, 20/min a group; telegram.flood has the numbers
        telegram.violations                   # calls before a retry_after was over; in the ledger with "violation"
        telegram.revoke(), telegram.restore() # the token stops working (401), and works again
        telegram.refuse(), telegram.accept()  # connections are refused, and taken again at the same port
        telegram.shake(duplicates=0.1, swaps=0.1, seed=1)    # updates come twice, or in wrong order
        telegram.webhook.delays               # seconds before the next tries; longest_retry caps a Retry-After
        telegram.deliveries                   # [{update_id, status, at}], status 0 for no answer

A ledger entry: {method, chat_id, text, at} and, where there are some, message_ids, files [{name, size, type}],
reply_to, entities, markup, thread, business, action, press.
Also to be set: world.any_chat, world.reads_groups, world.connections, world.topics, desk.conflict_pause (3 s),
updates.lifetime (24 h). Markup by parse_mode is not read but refused: entities say it all.

As a process, it takes the methods as POST {url}/fake/NAME with a JSON object of their arguments; the answer is
{"result": ...}, and {url}/fake/ledger has the ledger. An effect is in the ledger file before it is answered.
"""

from tests.fakes.telegram.faults import Fault
from tests.fakes.telegram.server import TOKEN, Telegram

__all__ = ["TOKEN", "Fault", "Telegram"]
