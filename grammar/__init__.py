"""The grammar of the .claw language: `claws.lark`, installed as the data of the package `claws.grammar`."""
