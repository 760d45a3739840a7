"""What the pages say, in the languages they know; Babel picks one, the first is the last resort."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale
from babel.core import negotiate_locale
from msgspec import Struct


class Words(Struct, frozen=True, kw_only=True):
    """One language. `{category}` and `{brand}` are filled in by the templates."""

    language: str
    channels: dict[str, str]
    unsubscribe: str
    ask: str
    done: str
    undo: str
    undone: str
    locked: str
    preferences: str
    intro: str
    category: str
    always: str
    partly: str
    save: str
    saved: str
    none: str
    unknown: str
    unknown_why: str
    later: str
    later_why: str
    odd: str

    @property
    def direction(self) -> str:
        """Which way it is written: ltr or rtl."""
        return Locale.parse(self.language).text_direction


EN = Words(
    language="en",
    channels={"in_app": "In-app", "push": "Push", "email": "Email", "sms": "SMS"},
    unsubscribe="Unsubscribe",
    ask="Do you want no more emails about this?",
    done="You won't get any more emails about this.",
    undo="Undo",
    undone="You will get emails about this again.",
    locked="These emails are about the security of your account and can't be turned off.",
    preferences="What you hear from us",
    intro="Choose what we tell you, and how.",
    category="Topic",
    always="always on: about the security of your account",
    partly="Messages about your account's security still reach you.",
    save="Save",
    saved="Saved.",
    none="Turn off everything that can be",
    unknown="This link doesn't work",
    unknown_why="It is incomplete or too old. Use the link in our newest email.",
    later="Not right now",
    later_why="Nothing was changed. Please try again in a minute.",
    odd="Nothing was changed. Please use the button on the page.",
)
DE = Words(
    language="de",
    channels={"in_app": "In der App", "push": "Push", "email": "E-Mail", "sms": "SMS"},
    unsubscribe="Abmelden",
    ask="Möchten Sie hierzu keine E-Mails mehr?",
    done="Sie erhalten hierzu keine E-Mails mehr.",
    undo="Rückgängig machen",
    undone="Sie erhalten hierzu wieder E-Mails.",
    locked="Diese E-Mails betreffen die Sicherheit Ihres Kontos und lassen sich nicht abstellen.",
    preferences="Was Sie von uns hören",
    intro="Wählen Sie, was wir Ihnen mitteilen, und auf welchem Weg.",
    category="Thema",
    always="immer an: betrifft die Sicherheit Ihres Kontos",
    partly="Nachrichten zur Sicherheit Ihres Kontos erreichen Sie weiterhin.",
    save="Speichern",
    saved="Gespeichert.",
    none="Alles abstellen, was sich abstellen lässt",
    unknown="Dieser Link funktioniert nicht",
    unknown_why="Er ist unvollständig oder zu alt. Nehmen Sie den aus unserer neuesten E-Mail.",
    later="Gerade nicht möglich",
    later_why="Es wurde nichts geändert. Bitte versuchen Sie es in einer Minute noch einmal.",
    odd="Es wurde nichts geändert. Bitte nehmen Sie den Knopf auf der Seite.",
)
ES = Words(
    language="es",
    channels={"in_app": "En la app", "push": "Push", "email": "Correo", "sms": "SMS"},
    unsubscribe="Darse de baja",
    ask="¿No quiere recibir más correos sobre esto?",
    done="No recibirá más correos sobre esto.",
    undo="Deshacer",
    undone="Volverá a recibir correos sobre esto.",
    locked="Estos correos tratan de la seguridad de su cuenta y no se pueden desactivar.",
    preferences="Qué recibe de nosotros",
    intro="Elija qué le contamos y por qué medio.",
    category="Tema",
    always="siempre activo: trata de la seguridad de su cuenta",
    partly="Los mensajes sobre la seguridad de su cuenta le seguirán llegando.",
    save="Guardar",
    saved="Guardado.",
    none="Desactivar todo lo que se pueda",
    unknown="Este enlace no funciona",
    unknown_why="Está incompleto o es demasiado antiguo. Use el de nuestro último correo.",
    later="Ahora no es posible",
    later_why="No se ha cambiado nada. Inténtelo de nuevo en un minuto.",
    odd="No se ha cambiado nada. Use el botón de la página.",
)
FR = Words(
    language="fr",
    channels={"in_app": "Dans l'app", "push": "Push", "email": "E-mail", "sms": "SMS"},
    unsubscribe="Se désabonner",
    ask="Ne plus recevoir d'e-mails à ce sujet ?",
    done="Vous ne recevrez plus d'e-mails à ce sujet.",
    undo="Annuler",
    undone="Vous recevrez à nouveau des e-mails à ce sujet.",
    locked="Ces e-mails concernent la sécurité de votre compte et ne peuvent pas être désactivés.",
    preferences="Ce que vous recevez de nous",
    intro="Choisissez ce que nous vous annonçons, et comment.",
    category="Sujet",
    always="toujours actif : concerne la sécurité de votre compte",
    partly="Les messages sur la sécurité de votre compte vous parviendront toujours.",
    save="Enregistrer",
    saved="Enregistré.",
    none="Désactiver tout ce qui peut l'être",
    unknown="Ce lien ne fonctionne pas",
    unknown_why="Il est incomplet ou trop ancien. Utilisez celui de notre dernier e-mail.",
    later="Pas possible pour le moment",
    later_why="Rien n'a été modifié. Réessayez dans une minute.",
    odd="Rien n'a été modifié. Utilisez le bouton de la page.",
)
AR = Words(
    language="ar",
    channels={"in_app": "التطبيق", "push": "Push", "email": "البريد", "sms": "SMS"},
    unsubscribe="إلغاء الاشتراك",
    ask="هل تريد عدم تلقي رسائل بريد حول هذا الموضوع؟",
    done="لن تتلقى رسائل بريد أخرى حول هذا الموضوع.",
    undo="تراجع",
    undone="ستتلقى رسائل بريد حول هذا الموضوع من جديد.",
    locked="تتعلق هذه الرسائل بأمان حسابك ولا يمكن إيقافها.",
    preferences="ما يصلك منا",
    intro="اختر ما نخبرك به وكيف.",
    category="الموضوع",
    always="مفعّل دائمًا: يتعلق بأمان حسابك",
    partly="ستستمر في تلقي الرسائل المتعلقة بأمان حسابك.",
    save="حفظ",
    saved="تم الحفظ.",
    none="إيقاف كل ما يمكن إيقافه",
    unknown="هذا الرابط لا يعمل",
    unknown_why="الرابط غير مكتمل أو قديم جدًا. استخدم الرابط في أحدث رسالة منا.",
    later="غير ممكن الآن",
    later_why="لم يتغير شيء. حاول مرة أخرى بعد دقيقة.",
    odd="لم يتغير شيء. استخدم الزر الموجود في الصفحة.",
)

LANGUAGES = {words.language: words for words in (EN, DE, ES, FR, AR)}


def words_for(preferred: Sequence[str]) -> Words:
    """The words in the first of these locales (BCP 47) that we speak, else English."""
    wanted = [one.replace("-", "_") for one in preferred if one]
    return LANGUAGES.get((negotiate_locale(wanted, list(LANGUAGES)) or "")[:2], EN)
