"""An inventory as operators send it, of any length, from one seed: ten columns within the file's 50 MiB."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import openpyxl

COLUMNS = [
    "chip_model", "vendor", "quantity", "workload", "status", "acquired_on", "acquisition", "unit_price_cny",
    "serial_numbers", "note",
]  # fmt: skip
_CHIPS = (
    ("910B", "华为"),
    ("昇腾910B", "华为"),
    ("H800", "NVIDIA"),
    ("A800", "英伟达"),
    ("MLU370", "寒武纪"),
    ("Ascend 910", "Huawei"),
    ("BR100", "壁仞科技"),
    ("A100 80GB", "NVIDIA"),
)


def rows(count: int) -> Iterator[list[str]]:
    """The rows below the header. A line of one card has its serial number; some two thousand dates, prices, places."""
    draw = random.Random(1)
    for number in range(count):
        model, vendor = draw.choice(_CHIPS)
        quantity = draw.choice((1, 2, 4, 8, 8, 8, 16, 64))
        acquired_on = f"{draw.randrange(2019, 2026)}-{draw.randrange(1, 13)}-{draw.randrange(1, 29)}"
        yield [
            model,
            vendor if draw.random() < 0.4 else "",
            str(quantity),
            draw.choice(("训练", "inference", "", "mixed")),
            draw.choice(("", "", "在用", "spare")),
            acquired_on if draw.random() < 0.8 else "",
            draw.choice(("", "采购", "leased")),
            str(draw.randrange(500, 3000) * 100) if draw.random() < 0.6 else "",
            f"S{number:07X}" if quantity == 1 else "",
            f"R{draw.randrange(400)}-{draw.randrange(48)}",
        ]


def write_csv(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count))
    return path


def write_xlsx(path: Path, count: int) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    sheet.append(COLUMNS)
    for row in rows(count):
        numbers = [
            int(cell) if name in ("quantity", "unit_price_cny") and cell else cell
            for name, cell in zip(COLUMNS, row, strict=True)
        ]
        sheet.append([cell if cell != "" else None for cell in numbers])
    book.save(path)
    return path
