global using System.CommandLine;
global using FlashRt.GraphRewriter.Ir;
global using FlashRt.Validation;
global using Spectre.Console;
