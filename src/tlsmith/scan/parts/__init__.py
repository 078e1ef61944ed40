"""Where texts stand inside others, by the language of the outer one."""
