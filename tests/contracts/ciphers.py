"""What every `Cipher` must do, seen through the backup. Runs on CPython and inside Pyodide."""

from panda_web.keys import backup
from panda_web.keys.backup import Cipher, PassphraseWrong

SEED = bytes(range(32))
# Written by: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 2048 -passout pass:correct-horse
OPENSSL = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgttBQmMA+Y1gICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEE3ZYDzHf1MQ2yob18bZVQAEQCGd
OoO7rJElYyT0EqKCgjMJO0+ZsqaXV2Mlxa9n/1Ne8gEsHX9sEi0WaEbXTjRsI5mG
1rhB3KunMUEyoD4s6qI=
-----END ENCRYPTED PRIVATE KEY-----
"""


async def opens_what_it_wrote(cipher: Cipher) -> None:
    text = await backup.export(SEED, "correct horse 🐴", cipher)
    assert await backup.restore(text, "correct horse 🐴", cipher) == SEED
    assert text != await backup.export(SEED, "correct horse 🐴", cipher), "salt and IV are fresh"


async def opens_what_openssl_wrote(cipher: Cipher) -> None:
    assert await backup.restore(OPENSSL, "correct-horse", cipher) == SEED


async def refuses_other_passphrases(cipher: Cipher) -> None:
    for passphrase in ("correct-horsf", "", "CORRECT-HORSE", "correct-horse "):
        try:
            await backup.restore(OPENSSL, passphrase, cipher)
        except PassphraseWrong:
            continue
        raise AssertionError(passphrase)


async def takes_letters_however_they_were_typed(cipher: Cipher) -> None:
    text = await backup.export(SEED, "caf\u00e9 caf\u00e9", cipher)
    assert await backup.restore(text, "cafe\u0301 cafe\u0301", cipher) == SEED


CHECKS = (
    opens_what_it_wrote,
    opens_what_openssl_wrote,
    refuses_other_passphrases,
    takes_letters_however_they_were_typed,
)
