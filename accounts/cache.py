"""The cache that all processes share: failures that are counted, and codes that were used."""

from django.core.cache.backends.db import DatabaseCache

from accounts.asking import asked_by_register

by_register = asked_by_register()


class SharedCache(DatabaseCache):
    """Django's cache in the database. It holds pickles, so that the register alone reads and writes it: what somebody
    else slipped in would be run."""

    get = by_register(DatabaseCache.get)
    get_many = by_register(DatabaseCache.get_many)
    set = by_register(DatabaseCache.set)
    add = by_register(DatabaseCache.add)
    touch = by_register(DatabaseCache.touch)
    delete = by_register(DatabaseCache.delete)
    delete_many = by_register(DatabaseCache.delete_many)
    has_key = by_register(DatabaseCache.has_key)
    clear = by_register(DatabaseCache.clear)
