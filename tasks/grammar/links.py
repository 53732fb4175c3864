"""The words that join date phrases to a sentence: prepositions, which one, which end; ё is written е."""

from tasks.grammar.words import Table

LINKS: dict[str, Table] = {
    "until": {"until": "до until till til before", "by": "by due toward towards", "toward": "к ко под"},
    "at": {"at": "в во at", "onto": "на", "on": "on"},
    "about": {"at": "около around about approx"},
    "since": {"since": "с со since", "from": "from starting начиная between между"},
    "after": {"after": "после after"},
    "of": {"of": "от dated"},
    "for": {"over": "за", "for": "for"},
    "over": {"at": "over during"},
    "through": {"through": "по through thru"},
    "to": {"to": "to"},
    "in": {"in": "через спустя in"},
    "within": {"within": "within"},
    "course": {"within": "течение течении"},
    "not": {"": "не no not"},
    "later": {"until": "позднее позже later"},
    "sooner": {"not before": "раньше ранее sooner earlier"},
    "than": {"": "чем than"},
    "instead": {"instead": "вместо instead"},
    "most": {"": "самое"},
    "limit": {"": "край максимум дедлайн срок сроком deadline latest"},
    "every": {"": "каждый каждую каждое каждые каждого каждой каждым каждом every each"},
    "habitual": {"": "ежедневно еженедельно ежемесячно ежегодно daily weekly monthly"},
    "other": {"": "other"},
    "whole": {"": "весь всю целый целую целых all whole"},
    "ago": {"": "назад ago"},
    "still": {"": "еще"},
    "already": {"": "уже already"},
    "this": {"this": "этот эту это эти этой этом этого этих этому этим текущий текущего текущем текущей текущую this"},
    "next": {
        "next": "следующий следующую следующее следующие следующего следующей следующем следующих следующему следующим "
        "след будущий будущую будущей будущего будущем next following"
    },
    "nearest": {"nearest": "ближайший ближайшую ближайшее ближайшие ближайшего ближайшей ближайшем ближайших coming"},
    "that": {"next": "той ту те тех"},
    "last": {
        "last": "прошлый прошлую прошлое прошлые прошлого прошлой прошлом прошлых прошедший прошедшую прошедшей "
        "прошедшие прошедших минувший минувшую минувшей последний последнюю последние последних последней last previous"
    },
    "past": {"last": "past"},
    "edge": {
        "end": "конец конца концу конце end late",
        "start": "начало начала началу начале beginning start early",
        "middle": "середина середины середине середину mid middle",
    },
    "article": {"": "the"},
    "a": {1: "a an"},
    "of_english": {"": "of"},
    "and": {"": "и and"},
    "or": {"": "or или либо"},
    "first": {"start": "первых"},
    # What is said of how exact an hour is, between a day and it.
    "roughly": {
        "": "примерно приблизительно ориентировочно ровно строго ближе рано поздно прямо именно roughly exactly"
    },
    "now": {"": "now"},
    # Words that go on with a sentence, and so do not say what a number before them is of.
    "function": {
        "": "а но да то что чтобы чтоб если мы вы я он она они пожалуйста плиз обязательно нужно надо можно буду будет "
        "будем будут приеду приедем приедет подъеду зайду жду ждем включительно максимально точно так как "
        "please pls so as we you he she they it if because will would is are can thanks thank "
    },
}
