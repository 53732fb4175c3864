"""What looks like a wish, a question or a trouble and asks for nothing, and what stands beside one."""

from datetime import timedelta

import pytest

from tasks.extract.model import Task
from tests.tasks.extract.talks import day, tasks_in

HALF_AN_HOUR = timedelta(minutes=30)


def sure(talk: str) -> list[Task]:
    """The sure tasks of a talk: its lines are parted by " / "."""
    return [task for task in tasks_in(talk.split(" / "), HALF_AN_HOUR) if task.status != "proposed"]


@pytest.mark.parametrize(
    "talk",
    [
        "Ну как вы только всё успеваете?",
        "Ээээй, есть кто живой?",
        "С праздником, не мёрзните там на складе",
        "Красавчик, не сбавляй",
        "Hand on heart, the best stay we had",
        "Take a bow, Hannah",
        "Соседка сказала: «пусть вернут тебе деньги за эту бандуру!» А сегодня варит в ней кашу",
        "Волшебницы мои, муж вечером спросил, кто эта женщина",
        "> Какой велосипед, горный или шоссейный? / горный, синий, без звонка",
        "> Aisle or window? / window pls",
        "> Which browser was it? / Firefox I think?",
        "> Когда удобно принять мастера? / в три, раньше никто дверь не откроет",
        "Предлагаем упаковку с вашим логотипом. Первым клиентам макет в подарок!",
        "Fill your classes in 30 days! Reply YES to claim a free audit",
        "We build links that rank. Got 15 minutes for a quick demo?",
        "Наш офис закрыт по 11 января. Если дело не терпит, звоните дежурному",
        "да бросьте вы",
        "Last winter a different firm left us freezing",
        "Ни разу не пожалели, что к вам обратились",
        "Stamp collection arrived, thanks",
        "Соседка сказала: „пусть вернут деньги“",
        "Менеджер писал: «перезвоним завтра»",
        "I don't need the sauna though",
    ],
)
def test_it_asks_for_nothing(talk: str) -> None:
    assert sure(talk) == []


@pytest.mark.parametrize(
    ("talk", "titles"),
    [
        ("Пришлите проект иска, хочу сам перечитать перед подачей", ["Прислать проект иска"]),
        ("Нужен букет к субботе, лилии не кладите", ["букет"]),
        ("Исправьте заказ-наряд и перешлите до вторника", ["Исправить заказ-наряд"]),
        ("Please take the cardigan off my order and keep the rest as is", ["Take the cardigan"]),
        ("стол собрали. а столешница короче, чем в чертеже", ["столешница короче"]),
        ("всё плохо! верните деньги", ["Вернуть деньги"]),
        ("Закажите кулер, и пусть клининг окна отмоет", ["кулер", "клининг окна отмоет"]),
        ("не сориентируете, сколько стоит кухня", ["сколько стоит кухня"]),
        ("эутирокс остался или опять разобрали", ["эутирокс остался или опять разобрали"]),
        ("Осталось за вами согласовать заезд", ["согласовать заезд"]),
        ("Ольга, с тебя три слайда по найму", ["три слайда"]),
        ("Второе одеяло в номер, если можно", ["второе одеяло"]),
        ("Телефон снизу вообще убрать", ["Убрать"]),
        ("Need the sheet by Friday, and please chase Legal on the NDA", ["sheet", "Chase Legal"]),
        ("У кошки шишка на лапе, на осмотр бы её завтра", ["осмотр бы её"]),
        ("Воду возить сюда: СНТ Ромашка, участок 14", ["возить воду"]),
        ("С утра из крана идёт ржавчина", ["ржавчина"]),
        ("зравствуйте, оставила у вас зонтик, не находили?", ["не находили"]),
        ("Export dies at 90 percent every single time", ["export dies"]),
        ("Report is wrong", ["report is wrong"]),
        ("Cancel the order, my wife already bought one", ["cancel the order"]),
        ("Супер мастер, но кран опять капает", ["кран опять капает"]),
        ("Great service, but the soup was cold", ["the soup was cold"]),
        ("> В какой вы комнате? / 12, душ холодный", ["душ холодный"]),
        ("Вернёте деньги или замените?", ["вернёте деньги или замените"]),
    ],
)
def test_what_stands_beside_it_is_no_task_of_its_own(talk: str, titles: list[str]) -> None:
    found = [task.title for task in sure(talk)]
    assert [title.lower() in one.lower() for title, one in zip(titles, found, strict=True)] == [True] * len(titles)


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Запишите меня на четверг / > Записала / муж застрял в командировке. сдвиньте на денёк позже", "open 12-04"),
        ("Запишите меня на четверг / ой, сдвиньте на денёк позже, муж в командировке", "open 12-04"),
        ("Генератор нужен третьего декабря / По генератору давайте неделей позже", "open 12-10"),
        ("We need the movers on Wednesday / ugh, completion slipped. push them back two days", "open 12-04"),
        (
            "Запишите на среду / > Записал / Ливень обещают. А суббота утром не занята? Переставьте тогда туда",
            "open 12-05",
        ),
        ("Нужен гид на 5 декабря / вылет теперь 10 декабря, гид нужен на него", "open 12-10"),
        ("Перенесите встречу на среду / > Перенесли", "done 12-02"),
        ("Пришлите акт и договор до пятницы / > Принято, учли", "open 12-04"),
        ("Need the plan by Wednesday, and please chase Legal", "open 12-02 open"),
        ("Не забудьте про уведомление, крайний срок 27-е", "open 12-27"),
        ("Запишите на показ / Показ отменяем, мужу район не понравился", "cancelled"),
        ("Пришлите справку / Ложная тревога, справка нашлась", "cancelled"),
        ("Закажите пропуск на склад и докупите бумаги / бумага нашлась в шкафу, не надо", "open cancelled"),
        ("Предоплату внесём в четверг / > Ждём / Отбой, проект заморозили", "cancelled 12-03"),
        ("Запишите на 3 декабря / > Записали / Третьего не смогу. Давайте 6-го", "open 12-06"),
        ("> Дуба нет до июля. Сделать из ореха? / да, берите орех", "open"),
        ("Привезите торт 5 декабря / > Ок / Перенесите на 12-е. Кстати, прошлый стул сломался", "open 12-12 open"),
        ("Пришлите счёт / > Отправил / Пришёл, спасибо. Сумма неверная", "done open"),
        ("Доставьте диван 5 декабря / > Ок / Давайте на 7-е, 5-го меня не будет дома", "open 12-07"),
        ("Привезите торт / > Привезём 5 декабря / > Машина сломалась, задержимся на два дня", "open open 12-07"),
        ("Нужен отчёт / > Сделаю к пятнице / > Сделаю на день позже, заболел", "open open 12-05"),
        ("Отгрузите плитку / > Отгрузим 5 декабря / > Да, сдвинули на неделю", "open open 12-12"),
        ("размеры сниму и пришлю в понедельник / > Ждём / Вот размеры: 2070 на 880", "done 12-07"),
    ],
)
def test_what_becomes_of_a_task(talk: str, found: str) -> None:
    assert " ".join(f"{task.status}{f' {day(task)}' if task.due else ''}" for task in sure(talk)) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Ship my order by Friday / > Will do / My order came a week later than promised", "12-04"),
        ("Привезите торт 3 декабря / > Ок / А сосед получил на два дня раньше", "12-03"),
        ("Отчёт к пятнице / > Сделаю / Отложите на два дня книгу для меня", "12-04"),
        ("Привезите торт 3 декабря / > Ок / Только не на день позже!", "12-03"),
        ("Привезите торт 3 декабря / > Ок, в прошлый раз привезли на день позже", "12-03"),
        ("Привезите торт завтра / > Ок / Перенесите на неделю раньше", "12-01"),
    ],
)
def test_what_moves_nothing(talk: str, found: str) -> None:
    first = sure(talk)[0]
    assert (first.status, day(first)) == ("open", found)


@pytest.mark.parametrize(
    "talk",
    [
        "Доставьте пиццу к 7 / > Ок / Пиццу не режьте",
        "Забронируйте стол на субботу / > Ок / Не ставьте стол у окна",
        "Добавьте лук в салат / > Ок / Лук в суп не кладите",
        "Положите соус / > Ок / Соус не кладите острый, положите сладкий",
        "Добавьте соус и салфетки / > Ок / Соус не кладите",
        "Почините дверь / > Ок / Дверь не закрывайте",
    ],
)
def test_a_detail_takes_nothing_back(talk: str) -> None:
    assert sure(talk)[0].status == "open"
