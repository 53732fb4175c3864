"""What a message is filled with to make its reading as dear as it can be."""

# So many bytes are a long message.
LONG = 65_536
MARKS = (
    "пришлите счёт ", "до до до ", "1.1.1.", "не ", "((((", "?!", "\n", "> а\n", "завтра ", "можно ли ", "а",
    "прошу прошу ", "if if ", "can you ", "и, ", "с 1 по 2 ", "\u0301", "😀", "--\n", "т.е. ", "«", '"',
    '" а б ', "или ",
)  # fmt: skip
# Of these each makes a clause, or a task.
CLAUSES = (
    "- а\n", "надо, ", "пришлю, ", "1. пришлите\n", "завтра пришлю и ", "готово, ", "не работает. ", "Когда? ", "в 5, ",
    "«пусть он вернёт». ", "сдвиньте на день позже. ", "фильтры не кладите, ", "перенесите на среду. ", "до пятницы, ",
    "i'll send it tomorrow and ", "отмена. ", "not Friday, Thursday ", "в среду или в четверг? ", "если не, ",
)  # fmt: skip


def filled(piece: str) -> str:
    """A long message of nothing else."""
    return (piece * (LONG // len(piece.encode()) + 1))[:LONG]
