"""What mail programs put above what is answered, and what stands above and below it."""

OWN = "Да, всё верно.\nДоставьте после обеда, домофон 14."
QUOTED = "Добрый вечер!\nПодтвердите, пожалуйста, адрес.\n\nСлужба доставки"
MARKED = "> Добрый вечер!\n> Подтвердите, пожалуйста, адрес.\n>\n> Служба доставки"

# Above marked and unmarked quotes alike.
HEADERS = {
    "gmail": "чт, 6 нояб. 2025 г. в 09:41, Чайная лавка <hello@tea.example>:",
    "gmail, old": "четверг, 6 ноября 2025 г. пользователь Чайная лавка <hello@tea.example> написал:",
    "gmail, broken": "чт, 6 нояб. 2025 г. в 09:41, Отдел доставки и сборки заказов <\nhello@tea.example>:",
    "gmail, broken in three": "чт, 6 нояб. 2025 г. в 09:41, Отдел доставки\n<hello@tea.example>\nнаписал:",
    "mail.ru": "Четверг, 6 ноября 2025, 9:41 +03:00 от Чайная лавка <hello@tea.example>:",
    "mail.ru, no address": "Четверг, 6 ноября 2025, 9:41 +03:00 от Чайная лавка:",
    "yandex": '06.11.2025, 09:41, "Чайная лавка" <hello@tea.example>:',
    "yandex, new": "06.11.2025, 09:41, Чайная лавка (hello@tea.example):",
    "thunderbird": "06.11.2025 9:41, Чайная лавка пишет:",
    "thunderbird, address": "06.11.2025 09:41, Чайная лавка <hello@tea.example> пишет:",
    "apple": "6 нояб. 2025 г., в 09:41, Чайная лавка <hello@tea.example> написал(а):",
    "apple, she": "6 нояб. 2025 г., в 09:41, Анна Чай <anna@tea.example> написала:",
    "the bat": "Четверг, 6 ноября 2025 г., 9:41:12, вы писали:",
    "the bat, you": "Вы писали 6 ноября 2025 г., 9:41:12:",
    "name first": "Чайная лавка <hello@tea.example> писал(а) 06.11.2025 09:41:",
    "bitrix": "06.11.2025 09:41:12, Чайная лавка (hello@tea.example) написал(а):",
    "outlook": "От: Чайная лавка <hello@tea.example>\nОтправлено: 6 ноября 2025 г. 9:41\nКому: anna@mail.example\n"
    "Тема: Заказ 77",
    "outlook, bold": "*От:* Чайная лавка [mailto:hello@tea.example]\n*Отправлено:* Thursday, November 6, 2025 9:41 AM\n"
    "*Кому:* anna@mail.example\n*Тема:* Заказ 77",
    "outlook, rule": "________________________________\nОт: Чайная лавка <hello@tea.example>\n"
    "Отправлено: 6 ноября 2025 г. 9:41:12\nКому: anna@mail.example <anna@mail.example>\nКопия: boss@mail.example\n"
    "Тема: Re: Заказ 77",
    "outlook express": "----- Исходное сообщение -----\nОт: Чайная лавка\nКому: anna@mail.example\n"
    "Отправлено: 6 ноября 2025 г. 9:41\nТема: Заказ 77",
    "bitrix, block": "От кого: Чайная лавка <hello@tea.example>\nДата: 06.11.2025 09:41\nКому: anna@mail.example\n"
    "Тема: Заказ 77",
    "samsung": "-------- Исходное сообщение --------\nОт: Чайная лавка <hello@tea.example>\n"
    "Дата: 06.11.2025 9:41 (GMT+03:00)\n"
    "Кому: anna@mail.example\nТема: Заказ 77",
    "wrapped block": "От: Чайная лавка <hello@tea.example>\nДата: 6 ноября 2025 г., 9:41\nКому: anna@mail.example,\n"
    "    boss@mail.example\nТема: Заказ 77 и ещё\n    один",
    "reply above": "--- Пишите ответ выше этой строки ---",
    "uk gmail": "чт, 6 лист. 2025 р. о 09:41 Чайна крамниця <hello@tea.example> пише:",
    "uk outlook": "Від: Чайна крамниця <hello@tea.example>\nНадіслано: 6 листопада 2025 р. 9:41\n"
    "Кому: anna@mail.example\n"
    "Тема: Замовлення",
    "en gmail": "On Thu, Nov 6, 2025 at 9:41 AM Tea Shop <hello@tea.example> wrote:",
    "en gmail, broken": "On Thu, Nov 6, 2025 at 9:41 AM Tea Shop of the Old Town\n<hello@tea.example> wrote:",
    "en apple": "On Nov 6, 2025, at 9:41 AM, Tea Shop <hello@tea.example> wrote:",
    "en thunderbird": "On 06/11/2025 09:41, Tea Shop wrote:",
    "en outlook": "From: Tea Shop <hello@tea.example>\nSent: Thursday, November 6, 2025 9:41 AM\nTo: Anna\n"
    "Subject: Order 77",
    "en original": "-----Original Message-----",
    "en zoho": "---- On Thu, 06 Nov 2025 09:41:12 +0300 Tea Shop <hello@tea.example> wrote ----",
    "android": "---- Tea Shop wrote ----",
    "one line": "From: Tea Shop <hello@tea.example> Sent: Thursday, November 6, 2025 To: Anna Subject: Order 77",
    "de gmail": "Am Do., 6. Nov. 2025 um 09:41 Uhr schrieb Teeladen <hello@tea.example>:",
    "de gmail, name first": "Teeladen <hello@tea.example> schrieb am Do., 6. Nov. 2025, 09:41:",
    "de outlook": "Von: Teeladen <hello@tea.example>\nGesendet: Donnerstag, 6. November 2025 09:41\nAn: Anna\n"
    "Betreff: Bestellung",
    "de original": "-------- Ursprüngliche Nachricht --------",
    "fr gmail": "Le jeu. 6 nov. 2025 à 09:41, Salon de thé <hello@tea.example> a écrit :",
    "fr outlook": "De : Salon de thé <hello@tea.example>\nEnvoyé : jeudi 6 novembre 2025 09:41\nÀ : Anna\n"
    "Objet : Commande",
    "es gmail": "El jue, 6 nov 2025 a las 9:41, Tienda de té (<hello@tea.example>) escribió:",
    "es outlook": "De: Tienda <hello@tea.example>\nEnviado el: jueves, 6 de noviembre de 2025 9:41\n"
    "Para: Anna\nAsunto: Pedido",
    "it gmail": "Il giorno gio 6 nov 2025 alle ore 09:41 Negozio <hello@tea.example> ha\nscritto:",
    "it outlook": "Da: Negozio <hello@tea.example>\nInviato: giovedì 6 novembre 2025 09:41\nA: Anna\nOggetto: Ordine",
    "pl gmail": "czw., 6 lis 2025 o 09:41 Herbaciarnia <hello@tea.example> napisał(a):",
    "pl outlook": "Od: Herbaciarnia <hello@tea.example>\nWysłano: czwartek, 6 listopada 2025 09:41\nDo: Anna\n"
    "Temat: Zamówienie",
    "nl gmail": "Op do 6 nov 2025 om 09:41 schreef Theewinkel <hello@tea.example>:",
    "nl outlook": "Van: Theewinkel <hello@tea.example>\nVerzonden: donderdag 6 november 2025 09:41\n"
    "Aan: Anna\nOnderwerp: Bestelling",
    "pt gmail": "Em qui., 6 de nov. de 2025 às 09:41, Loja <hello@tea.example> escreveu:",
    "pt outlook": "De: Loja <hello@tea.example>\nEnviada em: quinta-feira, 6 de novembro de 2025 09:41\n"
    "Para: Anna\nAssunto: Pedido",
    "sv gmail": "Den tors 6 nov. 2025 kl 09:41 skrev Tebutik <hello@tea.example>:",
    "cs": "čt 6. 11. 2025 v 9:41 odesílatel Čajovna <hello@tea.example> napsal:",
    "ja gmail": "2025年11月6日(木) 9:41 茶店 <hello@tea.example>:",
    "zh gmail": "茶店 <hello@tea.example> 于2025年11月6日周四 09:41写道：",
    "zh outlook": "发件人: 茶店 <hello@tea.example>\n发送时间: 2025年11月6日 9:41\n收件人: Anna\n主题: 订单",
    "zh qq": "------------------ 原始邮件 ------------------",
    "ko gmail": "2025년 11월 6일 (목) 오전 9:41, 찻집 <hello@tea.example>님이 작성:",
    "a language nobody knows": "----------\nXyz: Teja <hello@tea.example>\nUvw: 6/11/2025 9:41\n"
    "Rst: anna@mail.example\nOpq: 77",
}
