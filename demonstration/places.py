"""Where the synthetic country's centres stand: cities by GB/T 2260, weighted as the new centres of 2023 and 2024 were.

The cities of the publicly reported centres are left out, so that no synthetic name or code looks like a real one.
"""

from typing import NamedTuple


class City(NamedTuple):
    """A city, or a district of a municipality, with the parts that a centre's code is made of."""

    region_code: str
    province: str
    code: str
    name_en: str
    name_zh: str


# Letters and weight of a province, then its cities: code, letters, English and Chinese name.
_PROVINCES = """
NM 84: 1501 HH Hohhot 呼和浩特; 1509 UL Ulanqab 乌兰察布; 1502 BT Baotou 包头; 1506 OR Ordos 鄂尔多斯
GD 76: 4403 SZ Shenzhen 深圳; 4401 GZ Guangzhou 广州; 4402 SG Shaoguan 韶关; 4419 DG Dongguan 东莞; 4406 FS Foshan 佛山
GZ 34: 5201 GY Guiyang 贵阳; 5203 ZY Zunyi 遵义
NX 30: 6405 ZW Zhongwei 中卫; 6401 YC Yinchuan 银川
GS 27: 6201 LZ Lanzhou 兰州; 6203 JC Jinchang 金昌; 6209 JQ Jiuquan 酒泉
BJ 26: 1101 HD Haidian 海淀; 1101 YZ Yizhuang 亦庄; 1101 MT Mentougou 门头沟
SH 26: 3101 PD Pudong 浦东; 3101 LG Lingang 临港; 3101 QP Qingpu 青浦
ZJ 24: 3301 HZ Hangzhou 杭州; 3302 NB Ningbo 宁波; 3303 WZ Wenzhou 温州
JS 24: 3201 NJ Nanjing 南京; 3205 SU Suzhou 苏州; 3202 WX Wuxi 无锡
HE 22: 1307 ZJ Zhangjiakou 张家口; 1310 LF Langfang 廊坊; 1306 BD Baoding 保定
SC 18: 5107 MY Mianyang 绵阳; 5118 YA Ya'an 雅安; 5115 YB Yibin 宜宾
CQ 16: 5001 LJ Liangjiang 两江; 5001 BB Beibei 北碚
AH 16: 3401 HF Hefei 合肥; 3402 WH Wuhu 芜湖
SD 14: 3701 JN Jinan 济南; 3702 QD Qingdao 青岛
HB 12: 4201 WH Wuhan 武汉; 4205 YC Yichang 宜昌
HN 9: 4301 CS Changsha 长沙; 4310 CZ Chenzhou 郴州
SX 9: 1401 TY Taiyuan 太原; 1402 DT Datong 大同
SN 8: 6104 XY Xianyang 咸阳; 6106 YA Yan'an 延安
FJ 8: 3501 FZ Fuzhou 福州; 3502 XM Xiamen 厦门
HA 8: 4103 LY Luoyang 洛阳; 4110 XC Xuchang 许昌
TJ 7: 1201 BH Binhai 滨海
JX 6: 3601 NC Nanchang 南昌; 3611 SR Shangrao 上饶
LN 6: 2101 SY Shenyang 沈阳; 2102 DL Dalian 大连
GX 6: 4501 NN Nanning 南宁; 4502 LZ Liuzhou 柳州
YN 5: 5301 KM Kunming 昆明; 5303 QJ Qujing 曲靖
XJ 5: 6502 KL Karamay 克拉玛依; 6501 UR Urumqi 乌鲁木齐
JL 4: 2201 CC Changchun 长春
HL 4: 2301 HR Harbin 哈尔滨; 2306 DQ Daqing 大庆
QH 4: 6301 XN Xining 西宁
HI 3: 4601 HK Haikou 海口
XZ 2: 5401 LS Lhasa 拉萨
"""


def _read(table: str) -> tuple[list[City], list[float]]:
    cities: list[City] = []
    weights: list[float] = []
    for row in table.strip().splitlines():
        (province, weight), listed = row.split(":")[0].split(), row.split(":")[1].split(";")
        shares = [1 / rank for rank in range(1, len(listed) + 1)]
        for text, share in zip(listed, shares, strict=True):
            region_code, code, name_en, name_zh = text.split()
            cities.append(City(region_code, province, code, name_en, name_zh))
            # The first city of a province has most of its centres.
            weights.append(int(weight) * share / sum(shares))
    return cities, weights


CITIES, WEIGHTS = _read(_PROVINCES)


def city(province: str, code: str) -> City:
    """The city with these letters."""
    return next(found for found in CITIES if (found.province, found.code) == (province, code))
