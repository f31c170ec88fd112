"""Invented names: of operators by two characters that name no company known to us, of centres by city and number."""

from random import Random
from typing import NamedTuple

from stdnum.cn import uscc

from centres.models import CentreKind, Ownership
from demonstration.places import City

_FIRST = (
    ("砚", "Yan"), ("霁", "Ji"), ("穹", "Qiong"), ("澜", "Lan"), ("芷", "Zhi"), ("岫", "Xiu"), ("朔", "Shuo"),
    ("翊", "Yi"), ("珩", "Heng"), ("漱", "Shu"), ("煦", "Xu"), ("邈", "Miao"), ("溯", "Su"), ("崧", "Song"),
    ("皓", "Hao"), ("鹭", "Lu"), ("棠", "Tang"), ("峤", "Qiao"), ("湛", "Zhan"), ("黛", "Dai"),
)  # fmt: skip
_SECOND = (
    ("屿", "yu"), ("汀", "ting"), ("岚", "lan"), ("笙", "sheng"), ("澍", "shu"), ("珞", "luo"), ("昴", "mao"),
    ("衡", "heng"), ("棹", "zhao"), ("陌", "mo"), ("澈", "che"), ("垣", "yuan"), ("楹", "ying"), ("舸", "ge"),
    ("泠", "ling"), ("畹", "wan"), ("樾", "yue"), ("溪", "xi"), ("帆", "fan"), ("霖", "lin"),
)  # fmt: skip
_FORMS = {
    Ownership.LOCAL_SOE: ("{city} {brand} Computing Investment Co., Ltd.", "{city}{brand}算力投资有限公司"),
    Ownership.CENTRAL_SOE: ("{brand} State Computing Group Co., Ltd.", "{brand}国有算力集团有限公司"),
    Ownership.PRIVATE: ("{city} {brand} Data Technology Co., Ltd.", "{city}{brand}数据科技有限公司"),
    Ownership.FOREIGN: ("{brand} Data (China) Co., Ltd.", "{brand}数据（中国）有限公司"),
}
_CENTRES = {
    CentreKind.INTELLIGENT: ("{city} intelligent computing {number}", "{city}智算中心{number}"),
    CentreKind.GENERAL: ("{city} data centre {number}", "{city}数据中心{number}"),
    CentreKind.SUPERCOMPUTING: ("{city} supercomputing {number}", "{city}超算中心{number}"),
}


class OperatorName(NamedTuple):
    name_en: str
    name_zh: str
    uscc: str


class Names:
    """Gives each name once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._centres: dict[City, int] = {}
        self._codes = 0

    def operator(self, random: Random, ownership: Ownership, city: City) -> OperatorName:
        """A company's names and its unified social credit code."""
        form_en, form_zh = _FORMS[ownership]
        for attempt in range(10_000):
            (first_zh, first_en), (second_zh, second_en) = random.choice(_FIRST), random.choice(_SECOND)
            # Where the pairs run out, companies are numbered as they are in business.
            number_en, number_zh = (
                (f" No. {attempt // 50 + 1}", f"第{attempt // 50 + 1}") if attempt >= 50 else ("", "")
            )
            name_en = form_en.format(city=city.name_en, brand=first_en + second_en + number_en)
            name_zh = form_zh.format(city=city.name_zh, brand=first_zh + second_zh + number_zh)
            if name_zh not in self._taken:
                self._taken.add(name_zh)
                return OperatorName(name_en, name_zh, self._uscc(city))
        raise RuntimeError("There are no names left.")

    def _uscc(self, city: City) -> str:
        # No organisation code was ever issued that begins with Y: this is nobody's.
        self._codes += 1
        body = f"91{city.region_code}00Y{self._codes:07}X"
        return body + str(uscc.calc_check_digit(body))

    def centre(self, kind: CentreKind, city: City) -> tuple[str, str, str]:
        """A centre's code and names, numbered within its city."""
        number = self._centres[city] = self._centres.get(city, 0) + 1
        form_en, form_zh = _CENTRES[kind]
        return (
            f"{city.province}-{city.code}-{number:02}",
            form_en.format(city=city.name_en, number=number),
            form_zh.format(city=city.name_zh, number=number),
        )
