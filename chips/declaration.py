"""What a person declares who attests a filing: the text in both languages, each version kept for good."""

import hashlib
from typing import NamedTuple


class Declaration(NamedTuple):
    """A text under its version; a receipt names both."""

    version: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        """What is read in `language` (``zh…`` or else English)."""
        return self.zh if language.startswith("zh") else self.en

    @property
    def sha256(self) -> str:
        """Of both texts in UTF-8, the English one first, with one line feed between them."""
        return hashlib.sha256(f"{self.en}\n{self.zh}".encode()).hexdigest()


# A new text is added at the end; none is changed, since receipts repeat what was signed.
DECLARATIONS = (
    Declaration(
        version="2026-11",
        en=(
            "I am authorised to file for this operator. I have reviewed the inventory below as the register read it. "
            "To the best of my knowledge it is true, complete and correct for the last day of the reporting period: "
            "no chip is left out, none is listed that another centre holds, and the reasons that I gave are true. "
            "I know that determinations with legal effect are made from it, that it is kept unchanged with my name, "
            "and that a knowingly false filing can be punished."
        ),
        zh=(
            "本人已获本运营单位授权办理填报，并已核对登记系统读取的下列芯片台账。据本人所知，台账在填报周期最后一日"
            "真实、完整、准确：无漏报芯片，未列入其他算力中心持有的芯片，所作说明属实。本人知悉：监管部门将据此作出"
            "具有法律效力的合规认定；本填报与本人姓名将原样留存；故意虚假填报将依法承担责任。"
        ),
    ),
)
CURRENT = DECLARATIONS[-1]
