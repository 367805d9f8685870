"""From text to tree. The grammar is in grammars/netdsl.lark and knows no word of the catalogue."""
