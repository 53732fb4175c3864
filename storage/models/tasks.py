"""What somebody has to do, answer or wait for, what became of it, and the messages still to be read for it."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Column, Date, Float, ForeignKey, Index, SmallInteger, Text, Time, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, Json, KeyText, UtcTime

_TO_REMIND_OF = "status = 'open' AND due_at IS NOT NULL AND overdue_told_at IS NULL"


class Task(SQLModel, table=True):
    """One numbered thing to do, answer or wait for; its id is the number people call it by."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("dedupe_key", name="tasks_dedupe"),
        Index("tasks_dialog", "dialog_id", "id"),
        Index("tasks_status", "status", "due_at", "id"),
        Index("tasks_assignee", "assignee_id", "status", "due_at", "id"),
        # What the clock looks at: open ones whose hour was not told of yet.
        Index("tasks_due", "due_at", postgresql_where=text(_TO_REMIND_OF), sqlite_where=text(_TO_REMIND_OF)),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    dialog_id: int = Field(sa_column=Column(BigId, ForeignKey("dialogs.id"), nullable=False))
    # request, question, complaint or commitment; who gave the last one's word: client or operator.
    kind: str = Field(sa_type=Text)
    promised_by: str | None = Field(sa_type=Text, default=None, nullable=True)
    title: str = Field(sa_type=Text)
    # The day and hour it is due by the business's own clock, and the moment from which it is overdue.
    due_date: date | None = Field(sa_type=Date, default=None, nullable=True)
    due_time: time | None = Field(sa_type=Time, default=None, nullable=True)
    due_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    # The words the day was read from.
    due_phrase: str | None = Field(sa_type=Text, default=None, nullable=True)
    # normal or high.
    priority: str = Field(sa_type=Text, default="normal")
    # proposed, open, done, cancelled or rejected.
    status: str = Field(sa_type=Text)
    confidence: float = Field(sa_type=Float, default=1.0)
    # Who found it: rule, model, llm, operator or delivery; by which rules of which version.
    origin: str = Field(sa_type=Text)
    rules: list[str] = Field(sa_type=Json, default_factory=list)
    extractor: str | None = Field(sa_type=Text, default=None, nullable=True)
    # The words that prove it: [{message, start, end, text}], places in code points of that message's text.
    evidence: list[dict[str, Any]] = Field(sa_type=Json, default_factory=list)
    source_message_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    # The task a commitment serves.
    related_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    assignee_id: int | None = Field(sa_column=Column(BigId, ForeignKey("operators.id"), nullable=True), default=None)
    # The same for the same find, so that what is read again makes no second task; tasks made by hand have none.
    dedupe_key: str | None = Field(sa_type=KeyText, default=None, nullable=True)
    # Fields an operator has set: no machine writes them again.
    owned: list[str] = Field(sa_type=Json, default_factory=list)
    # A change nobody is sure of: fields with their values, and message, reason and confidence.
    suggestion: dict[str, Any] | None = Field(sa_type=Json, default=None, nullable=True)
    # When the client last asked how it stands; when it was told that it falls due, and that it is overdue.
    nudged_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    reminded_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    overdue_told_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    closed_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)


class TaskChange(SQLModel, table=True):
    """One change of a task: enough to see who did what for which reason, and to take it back."""

    __tablename__ = "task_changes"
    __table_args__ = (Index("task_changes_task", "task_id", "id"),)

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    task_id: int = Field(sa_column=Column(BigId, ForeignKey("tasks.id"), nullable=False))
    at: datetime = Field(sa_type=UtcTime)
    # "operator:3", "rule", "llm" or "system".
    actor: str = Field(sa_type=Text)
    # The fields that changed and no others; the change that made the task has an empty `before`.
    before: dict[str, Any] = Field(sa_type=Json)
    after: dict[str, Any] = Field(sa_type=Json)
    # The message that caused it.
    message_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    reason: str = Field(sa_type=Text, default="")
    rules: list[str] = Field(sa_type=Json, default_factory=list)
    # The change that took this one back.
    undone_by: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)


class Triage(SQLModel, table=True):
    """A message still to be read for tasks; the row goes when that is done."""

    __tablename__ = "triage"
    __table_args__ = (
        Index("triage_shard", "shard", "message_id"),
        {
            # Rows live for moments, as those of the inbox's queue do.
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": 0.0,
                "autovacuum_vacuum_threshold": 5000,
                "autovacuum_vacuum_cost_delay": 0,
            },
        },
    )

    message_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    dialog_id: int = Field(sa_column=Column(BigId, nullable=False))
    shard: int = Field(sa_type=SmallInteger)
    # new, edited or deleted: what it was put in for first, unless that was no more than an edit.
    kind: str = Field(sa_type=Text)
    # Grows when it is put in again: who has read it before that leaves the row where it is.
    round: int = 0
    attempts: int = Field(sa_type=SmallInteger, default=0)
    created_at: datetime = Field(sa_type=UtcTime)


class Opinion(SQLModel, table=True):
    """A client's message a language model is still to be asked about; the row goes when that is done, or given up."""

    __tablename__ = "opinions"
    __table_args__ = (Index("opinions_due", "next_at"),)

    message_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    dialog_id: int = Field(sa_column=Column(BigId, nullable=False))
    attempts: int = Field(sa_type=SmallInteger, default=0)
    # When it is asked about next; while it is, the moment from which whoever asks is taken for dead.
    next_at: datetime = Field(sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)


class OpinionCount(SQLModel, table=True):
    """How often it came to that with opinions."""

    __tablename__ = "opinion_counts"

    # answered, failed or late: what became of messages; kept or dropped: of the tasks in the answers.
    outcome: str = Field(sa_column=Column(KeyText, primary_key=True))
    count: int = Field(sa_column=Column(BigId, nullable=False))
