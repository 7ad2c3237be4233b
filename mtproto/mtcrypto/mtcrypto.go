// Package mtcrypto holds the cryptography of MTProto 2.0, for both sides:
// AES-256-IGE and key derivation of encrypted messages, RSA_PAD, checks of
// Diffie-Hellman values and factoring for the making of auth keys, and SRP for
// two-step passwords (https://core.telegram.org/mtproto/security_guidelines).
//
// Package authkey makes auth keys with it and package session encrypts
// messages. To use it alone: [MessageKey], [DeriveKeys] and [EncryptIGE] make
// an encrypted message; [SRPAnswer] proves a password; [ProductionKeys] and
// [TestKeys] are the RSA keys that Telegram publishes.
//
// All randomness comes in as an io.Reader, so that what is made can be made
// again. Outside of tests it must be crypto/rand.Reader.
//
// Modular exponentiation is math/big's, whose time depends on its operands.
//
// Numbers such as R-AK-30 are those of docs/requirements.md.
package mtcrypto
