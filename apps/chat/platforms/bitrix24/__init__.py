from apps.chat.platforms.bitrix24.platform import Bitrix24

__all__ = ["Bitrix24"]
