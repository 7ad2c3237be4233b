// One mtcute client, driven over stdin and stdout by mtcute_test.go.
//
// Each line in is {"id": n, "do": command, ...arguments}; the line out is
// {"id": n, "result": ...} or {"id": n, "error": text}. Every incoming chat
// message is a line {"event": "message", "message": {...}} of its own.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  BaseTelegramClient,
  InputMedia,
  IntermediatePacketCodec,
  MemoryStorage,
  ObfuscatedPacketCodec,
  PaddedIntermediatePacketCodec,
  proxyTransportFromUrl,
  TcpTransport,
  TelegramClient,
} from '@mtcute/node'
import { addPublicKey, NodeCryptoProvider } from '@mtcute/node/utils.js'

// The transports that mtcute has over TCP: a name to a packet codec.
const codecs = {
  'intermediate': () => new IntermediatePacketCodec(),
  'padded intermediate': () => new PaddedIntermediatePacketCodec(),
  'intermediate, obfuscated': () => new ObfuscatedPacketCodec(new IntermediatePacketCodec()),
  'padded intermediate, obfuscated': () => new ObfuscatedPacketCodec(new PaddedIntermediatePacketCodec()),
}

class Transport extends TcpTransport {
  constructor(codec) {
    super()
    this.packetCodec = codec
  }
}

let base, client // the low and the high level of one client
const contacts = new Map() // phone number to user id

const commands = {
  // Connects to the first DC of a connection file, through a proxy if there is
  // one: its address then says how.
  async connect({ info, transport, pfs, proxy }) {
    const connection = JSON.parse(readFileSync(info, 'utf8'))
    const crypto = new NodeCryptoProvider()
    addPublicKey(crypto, connection.rsa_public_key)
    const { id, host, port } = connection.dcs[0]
    const dc = { id, ipAddress: host, port, testMode: connection.test_dc }
    base = new BaseTelegramClient({
      apiId: connection.api_id,
      apiHash: connection.api_hash,
      crypto,
      storage: new MemoryStorage(),
      transport: proxy ? proxyTransportFromUrl(proxy) : new Transport(codecs[transport]),
      defaultDcs: { main: dc, media: dc },
      testMode: connection.test_dc,
      network: { usePfs: pfs },
      logLevel: process.env.GODWIT_INTEROP_LOG ? 5 : 0,
    })
    client = new TelegramClient({ client: base })
    client.log.mgr.handler = (_color, level, tag, text, args) => console.error(level, tag, text, ...args)
    client.onError.add((err) => { console.error(err) })
    client.onNewMessage.add((m) => {
      if (!m.isOutgoing) print({ event: 'message', message: toMessage(m) })
    })
    await client.connect()
  },

  // Signs in; a wrong code and a wrong password come first.
  async signIn({ phone, code, password }) {
    const refused = []
    const attempts = (right, wrong) => {
      const list = [wrong, right]
      return () => list.shift()
    }
    const me = await client.start({
      phone,
      code: attempts(code, '00000'),
      password: password ? attempts(password, `${password}?`) : undefined,
      codeSentCallback: () => {},
      invalidCodeCallback: (kind) => { refused.push(kind) },
    })
    const want = password ? 'code,password' : 'code'
    if (refused.join() !== want) throw new Error(`refused ${refused.join()}, want ${want}`)
    return { user: me.id, dc: await client.getPrimaryDcId() }
  },

  // The session as a string.
  async session() {
    return client.exportSession()
  },

  // Signs in by a QR code, whose links are lines {"event": "qr", "url": ...}.
  async signInQR({ password }) {
    const me = await client.signInQr({ onUrlUpdated: (url) => print({ event: 'qr', url }), password: password || undefined })
    return { user: me.id, dc: await client.getPrimaryDcId() }
  },

  // Signs in another device, which shows a QR code.
  async accept({ url }) {
    const token = Buffer.from(new URL(url).searchParams.get('token'), 'base64url')
    await client.call({ _: 'auth.acceptLoginToken', token })
  },

  // The models of the devices that are signed in.
  async devices() {
    const { authorizations } = await client.call({ _: 'account.getAuthorizations' })
    return authorizations.map((a) => a.deviceModel)
  },

  async endOthers() {
    await client.call({ _: 'auth.resetAuthorizations' })
  },

  async self() {
    return { user: (await client.getUsers('me'))[0].id }
  },

  async setPassword({ password }) {
    await client.enableCloudPassword({ password, hint: 'a bird' })
  },

  // Has a code mailed that stands for the password.
  async sendRecoveryCode() {
    return { pattern: await client.sendRecoveryCode() }
  },

  async recover({ code }) {
    await client.recoverPassword({ recoveryCode: code })
  },

  // Gives the login code and reports whether a password is wanted too.
  async giveCode({ phone, code }) {
    const sent = await client.sendCode({ phone })
    try {
      await client.signIn({ phone, phoneCodeHash: sent.phoneCodeHash, phoneCode: code })
      return { password: false }
    } catch (err) {
      if (err.text !== 'SESSION_PASSWORD_NEEDED') throw err
      return { password: true }
    }
  },

  async add({ phone }) {
    const imported = await client.importContacts([{ phone, firstName: 'Contact', lastName: phone }])
    if (imported.users.length !== 1) throw new Error(`contacts.importContacts found ${imported.users.length} users`)
    contacts.set(phone, imported.users[0].id)
  },

  async send({ phone, text }) {
    return toMessage(await client.sendText(contacts.get(phone), text))
  },

  // The whole chat, oldest first, read in pages of 5.
  async history({ phone }) {
    const messages = []
    for await (const m of client.iterHistory(contacts.get(phone), { chunkSize: 5 })) messages.unshift(toMessage(m))
    return messages
  },

  async sendFile({ phone, path }) {
    await client.sendMedia(contacts.get(phone), InputMedia.document(`file:${path}`))
  },

  // The SHA-256 of the newest message's file.
  async fetchFile({ phone }) {
    for await (const m of client.iterHistory(contacts.get(phone), { limit: 1 })) {
      const content = await client.downloadAsBuffer(m.media)
      return createHash('sha256').update(content).digest('hex')
    }
    throw new Error('the chat is empty')
  },

  async edit({ phone, message, text }) {
    await client.editMessage({ chatId: contacts.get(phone), message, text })
  },

  async reply({ phone, message, text }) {
    return toMessage(await client.sendText(contacts.get(phone), text, { replyTo: message }))
  },

  async react({ phone, message, emoji }) {
    await client.sendReaction({ chatId: contacts.get(phone), message, emoji })
  },

  // Marks reactions as seen, and tells to how many messages there were new ones.
  async newReactions({ phone }) {
    const peer = await client.resolvePeer(contacts.get(phone))
    const { messages } = await client.call({
      _: 'messages.getUnreadReactions', peer, offsetId: 0, addOffset: 0, limit: 10, maxId: 0, minId: 0,
    })
    await client.readReactions(contacts.get(phone))
    return messages.length
  },

  async remove({ phone, message }) {
    await client.deleteMessagesById(contacts.get(phone), [message], { revoke: true })
  },

  // Joins a group by its link and returns who is in it.
  async members({ link }) {
    const { chat } = await client.joinChat(link)
    const names = []
    for await (const m of client.iterChatMembers(chat.id, { chunkSize: 100 })) names.push(m.user.firstName)
    return names
  },

  async poll({ phone, question, answers }) {
    return toMessage(await client.sendMedia(contacts.get(phone), InputMedia.poll({ question, answers })))
  },

  async vote({ phone, message, answer }) {
    await client.sendVote({ chatId: contacts.get(phone), message, options: answer })
  },

  // How many votes each answer of a poll has.
  async votes({ phone, message }) {
    const [m] = await client.getMessages(contacts.get(phone), message)
    return m.media.answers.map((a) => a.voters)
  },

  async pin({ phone, message }) {
    await client.pinMessage({ chatId: contacts.get(phone), message, bothSides: true })
  },

  async pinned({ phone }) {
    const ids = []
    const filter = { _: 'inputMessagesFilterPinned' }
    for await (const m of client.iterSearchMessages({ chatId: contacts.get(phone), filter })) ids.push(m.id)
    return ids
  },

  async saveDraft({ phone, text }) {
    await client.call({ _: 'messages.saveDraft', peer: await client.resolvePeer(contacts.get(phone)), message: text })
  },

  async draft({ phone }) {
    const { updates } = await client.call({ _: 'messages.getAllDrafts' })
    return updates.find((u) => u._ === 'updateDraftMessage' && u.peer.userId === contacts.get(phone)).draft.message
  },

  async sendAlbum({ phone, paths }) {
    await client.sendMediaGroup(contacts.get(phone), paths.map((path) => InputMedia.photo(`file:${path}`)))
  },

  // How many messages the album has that the newest message is of.
  async album({ phone }) {
    const groups = []
    for await (const m of client.iterHistory(contacts.get(phone), { limit: 10 })) groups.push(m.groupedId?.toString())
    return groups.filter((g) => g && g === groups[0]).length
  },

  // Joins a forum by its link, writes into a topic of its own and returns the titles
  // of all.
  async forum({ link, title, text }) {
    const { chat } = await client.joinChat(link)
    const topic = await client.createForumTopic({ chatId: chat.inputPeer, title })
    await client.sendText(chat.inputPeer, text, { replyTo: topic.id })
    const titles = []
    for await (const t of client.iterForumTopics(chat.inputPeer)) titles.push(t.title)
    return titles
  },

  // Comments on the only post of a channel.
  async comment({ channel, text }) {
    for await (const post of client.iterHistory(channel, { limit: 1 })) await client.commentText(post, text)
  },

  // Tells mtcute that the network is gone, or back: it closes its connections
  // or opens them again, and keeps its sessions.
  async network({ up }) {
    base.mt.network.notifyNetworkChanged(up)
  },

  async quit() {
    await client?.destroy()
    input.close()
    // With temporary keys mtcute leaves a timer of a day behind.
    setImmediate(() => process.exit())
  },
}

function toMessage(m) {
  return { id: m.id, text: m.text, out: m.isOutgoing }
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const input = createInterface({ input: process.stdin })
input.on('line', async (line) => {
  const { id, do: name, ...args } = JSON.parse(line)
  try {
    const result = await commands[name](args)
    print({ id, result: result ?? null })
  } catch (err) {
    print({ id, error: `${err.text ?? ''} ${err.stack}`.trim() })
  }
})
