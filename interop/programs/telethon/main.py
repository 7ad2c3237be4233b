"""Does with Telethon what the program godwit beside it does."""

import os
import sys

from telethon import TelegramClient, events

phone, username = sys.argv[1:]
client = TelegramClient("account", int(os.environ["API_ID"]), os.environ["API_HASH"], catch_up=True)


@client.on(events.NewMessage(incoming=True, pattern="^ping$"))
async def pong(event):
    await event.respond("pong")


async def run():
    await client.start(phone=phone)
    async for m in client.iter_messages(username, limit=10):
        print(m.id, m.message)
    await client.run_until_disconnected()


with client:
    client.loop.run_until_complete(run())
