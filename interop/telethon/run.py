"""One Telethon client, driven over stdin and stdout by telethon_test.go.

Each line in is {"id": n, "do": command, ...arguments}; the line out is
{"id": n, "result": ...} or {"id": n, "error": text}. Every incoming chat
message is a line {"event": "message", "message": {...}} of its own.
"""

import asyncio
import json
import logging
import os
import sys
import traceback

from telethon import TelegramClient, errors, events, functions, types
from telethon import network
from telethon.crypto import rsa
from telethon.sessions import StringSession

TRANSPORTS = {
    "full": network.ConnectionTcpFull,
    "abridged": network.ConnectionTcpAbridged,
    "intermediate": network.ConnectionTcpIntermediate,
    "abridged, obfuscated": network.ConnectionTcpObfuscated,
}


def line_out(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def to_message(m):
    return {"id": m.id, "text": m.message, "out": m.out}


class Person:
    """The commands."""

    def __init__(self):
        self.client = None
        self.contacts = {}

    async def connect(self, info, transport, session=""):
        """Connects to the first DC of a connection file, or goes on with a session."""
        with open(info, encoding="utf-8") as f:
            connection = json.load(f)
        rsa.add_key(connection["rsa_public_key"], old=False)
        stored = StringSession(session)
        if not session:
            dc = connection["dcs"][0]
            stored.set_dc(dc["id"], dc["host"], dc["port"])
        self.client = TelegramClient(
            stored, connection["api_id"], connection["api_hash"], connection=TRANSPORTS[transport],
            request_retries=1, connection_retries=3, flood_sleep_threshold=0,
        )

        @self.client.on(events.NewMessage(incoming=True))
        async def received(event):
            line_out({"event": "message", "message": to_message(event.message)})

        await self.client.connect()

    async def signIn(self, phone, code, password=""):
        """Signs in; a wrong code and a wrong password come first."""
        await self.client.send_code_request(phone)
        try:
            await self.client.sign_in(phone, "00000")
            raise RuntimeError("a wrong code was accepted")
        except errors.PhoneCodeInvalidError:
            pass
        try:
            await self.client.sign_in(phone, code)
        except errors.SessionPasswordNeededError:
            try:
                await self.client.sign_in(password=password + "?")
                raise RuntimeError("a wrong password was accepted")
            except errors.PasswordHashInvalidError:
                pass
            await self.client.sign_in(password=password)
        me = await self.client.get_me()
        return {"user": me.id, "dc": self.client.session.dc_id}

    async def signUp(self, phone, code, name):
        await self.client.send_code_request(phone)
        await self.client.sign_up(code, name, phone=phone)

    async def me(self):
        return {"user": (await self.client.get_me()).id}

    async def session(self):
        return self.client.session.save()

    async def add(self, phone):
        imported = await self.client(functions.contacts.ImportContactsRequest(
            [types.InputPhoneContact(0, phone, "Contact", phone)]))
        if len(imported.users) != 1:
            raise RuntimeError("contacts.importContacts found %d users" % len(imported.users))
        self.contacts[phone] = imported.users[0]

    async def send(self, phone, text):
        return to_message(await self.client.send_message(self.contacts[phone], text, parse_mode=None))

    async def history(self, phone):
        """The whole chat, oldest first."""
        found = []
        async for m in self.client.iter_messages(self.contacts[phone], reverse=True):
            found.append(to_message(m))
        return found

    async def poll(self, phone, question, answers):
        poll = types.Poll(0, question, [types.PollAnswer(text, bytes([i])) for i, text in enumerate(answers)])
        return to_message(await self.client.send_message(self.contacts[phone], file=types.InputMediaPoll(poll)))

    async def media(self, phone, message):
        return (await self.client.get_messages(self.contacts[phone], ids=message)).media

    async def vote(self, phone, message, answer):
        option = (await self.media(phone, message)).poll.answers[answer].option
        await self.client(functions.messages.SendVoteRequest(self.contacts[phone], message, [option]))

    async def votes(self, phone, message):
        """How many votes each answer of a poll has."""
        return [r.voters for r in (await self.media(phone, message)).results.results]

    async def pin(self, phone, message):
        await self.client.pin_message(self.contacts[phone], message, pm_oneside=False)

    async def pinned(self, phone):
        pins = self.client.iter_messages(self.contacts[phone], filter=types.InputMessagesFilterPinned)
        return [m.id async for m in pins]

    async def saveDraft(self, phone, text):
        await self.client(functions.messages.SaveDraftRequest(self.contacts[phone], text))

    async def draft(self, phone):
        return (await self.client.get_drafts(self.contacts[phone])).raw_text

    async def sendAlbum(self, phone, paths):
        await self.client.send_file(self.contacts[phone], paths)

    async def album(self, phone):
        """How many messages the album has that the newest message is of."""
        groups = [m.grouped_id async for m in self.client.iter_messages(self.contacts[phone], limit=10)]
        return sum(1 for g in groups if g and g == groups[0])

    async def comment(self, channel, text):
        """Comments on the only post of a channel."""
        async for post in self.client.iter_messages(channel, limit=1):
            await self.client.send_message(channel, text, comment_to=post.id)

    async def quit(self):
        if self.client is not None:
            await self.client.disconnect()


async def main():
    level = logging.DEBUG if os.environ.get("GODWIT_INTEROP_LOG") else logging.CRITICAL
    logging.basicConfig(stream=sys.stderr, level=level)
    person = Person()
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        number, name = command.pop("id"), command.pop("do")
        try:
            result = await getattr(person, name)(**command)
            line_out({"id": number, "result": result})
        except Exception:  # pylint: disable=broad-except
            line_out({"id": number, "error": traceback.format_exc()})
        if name == "quit":
            return


asyncio.run(main())
