"""The texts that we write into Creatio: titles, descriptions, notes, in the agents' language and by
their clock. What customers read is not here.
"""

from caseway.domain.words.language import Language, texts_of
from caseway.domain.words.writing import TITLE_LENGTH, Writing, first_words

__all__ = ["TITLE_LENGTH", "Language", "Writing", "first_words", "texts_of"]
