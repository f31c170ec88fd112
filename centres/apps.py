from django.apps import AppConfig
from django.urls import register_converter

from centres.converters import CodeConverter


class CentresConfig(AppConfig):
    name = "centres"

    def ready(self) -> None:
        register_converter(CodeConverter, "code")
