"""What a visitor and an operator do on the pages, in their words."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.server import TOKEN

# Takes the options of a new browser profile.
MakeProfile = Callable[..., BrowserContext]


class Visitor:
    """Somebody on the demo page with the chat open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chat = page.locator("okno-chat")
        self.launcher = self.chat.locator(".launcher")
        self.panel = self.chat.get_by_role("dialog")
        self.text = self.panel.locator("textarea")
        self.messages = self.panel.locator("li.message")

    @classmethod
    def enter(cls, page: Page, url: str = "/") -> "Visitor":
        """Open the page and the chat on it."""
        page.goto(url)
        visitor = cls(page)
        expect(visitor.launcher).to_be_visible()
        # A chat that was open is open again after a reload.
        if visitor.panel.is_hidden():
            visitor.launcher.click()
        expect(visitor.text).to_be_visible()
        return visitor

    def introduce(self, name: str) -> None:
        """Tell a name, by which the operator finds the dialog."""
        self.panel.get_by_role("button", name="About you").click()
        self.panel.get_by_label("Name").fill(name)
        self.panel.get_by_role("button", name="Save").click()
        expect(self.panel.get_by_text("Saved")).to_be_visible()
        self.panel.get_by_role("button", name="About you").click()

    def write(self, text: str) -> None:
        """Write and press the button."""
        self.text.fill(text)
        self.panel.get_by_role("button", name="Send", exact=True).click()

    def send(self, text: str) -> None:
        """Write and wait until the server has it."""
        self.write(text)
        expect(self.state(text, "sent")).to_be_visible()

    def message(self, text: str) -> Locator:
        """The messages of either side with this text."""
        return self.messages.filter(has_text=text)

    def state(self, text: str, state: str) -> Locator:
        """The line under the own message with this text, while it says `state`."""
        return self.message(text).locator(f'[data-state="{state}"]')


class Desk:
    """An operator at the console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.list = page.get_by_role("listbox")
        self.thread = page.get_by_role("main")
        self.entries = self.thread.locator("li.entry")
        self.text = self.thread.locator("textarea")

    @classmethod
    def enter(cls, page: Page, token: str = TOKEN) -> "Desk":
        """Sign in."""
        page.goto("/console")
        page.get_by_label("Operator token").fill(token)
        page.keyboard.press("Enter")
        desk = cls(page)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return desk

    def row(self, name: str) -> Locator:
        """The dialog in the list whose row holds this text."""
        return self.list.get_by_role("option").filter(has_text=name)

    def open(self, name: str) -> None:
        """Click the dialog and wait until it is there."""
        self.row(name).click()
        expect(self.thread.get_by_role("heading", name=name)).to_be_visible()

    def entry(self, text: str) -> Locator:
        """The messages and notes of the open dialog with this text."""
        return self.entries.filter(has_text=text)

    def reply(self, text: str) -> None:
        """Write a reply and send it."""
        self.thread.get_by_role("radio", name="Reply").check(force=True)
        self.text.fill(text)
        self.text.press("Control+Enter")
        expect(self.entry(text)).to_have_count(1)

    def note(self, text: str) -> None:
        """Write a note and keep it."""
        self.thread.get_by_role("radio", name="Note").check(force=True)
        self.text.fill(text)
        self.text.press("Control+Enter")
        expect(self.entry(text)).to_have_count(1)

    def delivered(self, text: str) -> Locator:
        """The mark of a reply that the channel has taken."""
        return self.entry(text).locator(".delivery.sent")

    def act(self, name: str) -> None:
        """Press one of the buttons over the dialog."""
        self.thread.get_by_role("button", name=name, exact=True).click()


def panel(desk: Desk) -> Locator:
    """The tasks beside the open dialog."""
    return desk.page.get_by_role("complementary", name="Tasks")


def item(desk: Desk, title: str) -> Locator:
    """The task with this title there."""
    return panel(desk).locator("li.task").filter(has_text=title)


def press(where: Locator, name: str) -> None:
    """Press the button of this name."""
    where.get_by_role("button", name=name, exact=True).click()


def closed(desk: Desk, title: str) -> Locator:
    """The task with this title among the closed ones, unfolded."""
    group = panel(desk).locator("details")
    if group.get_attribute("open") is None:
        group.locator("summary").click()
    return group.locator("li.task").filter(has_text=title)
