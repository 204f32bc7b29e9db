global using FlashRt.GraphRewriter;
global using FlashRt.Validation;
