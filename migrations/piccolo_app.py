"""Piccolo's registration of the one migration history."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(app_name="aftertide", migrations_folder_path=str(Path(__file__).parent), table_classes=[])
