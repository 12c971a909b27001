from django.urls import re_path

from apps.chat.door.hooks import hook

urlpatterns = [re_path(r"^(?P<key>[-\w]{1,50})(?:/(?P<rest>.{0,200}))?$", hook, name="chat-hook")]
