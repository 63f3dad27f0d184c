"""What a word becomes so that its other forms are found too, what was typed becomes, and how a match is marked.

Of no table: whoever keeps texts to be found (messages, articles) puts these lexemes into an index of their own.

`words` one word -> lexemes | `language` which one a text is in | `text` a text -> its search document
`query` what a person typed -> terms | `marking` the words around a match
"""
