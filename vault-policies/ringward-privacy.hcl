# For whoever searches the audit log for a person, and forgets epochs: list the
# pseudonym keys, read them, destroy them. Whoever has it can tell which number an
# audit entry is about, but reads no credential. No Ringward ever has this policy.

path "secret/data/ringward/+/pseudonyms/+" {
  capabilities = ["read"]
}

# The names of the epochs, and what became of the key of each.
path "secret/metadata/ringward/+/pseudonyms" {
  capabilities = ["list"]
}
path "secret/metadata/ringward/+/pseudonyms/+" {
  capabilities = ["read"]
}

# There is no way back. The metadata cannot be deleted: it shows that the key is
# destroyed, and keeps a Ringward from making the epoch a second one.
path "secret/destroy/ringward/+/pseudonyms/+" {
  capabilities = ["update"]
}
