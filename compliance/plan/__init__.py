"""The way to comply: the least cards, and the cheapest mix of chips on offer, that the engine calls compliant.

`standing` says in whole numbers what counts; `least` how many cards of one model are enough; `cheapest` states the
mix as a program that `integers` solves exactly; `planning` puts them together, and hands on nothing that the engine
does not call compliant. `targets` and `offers` read the register.
"""
