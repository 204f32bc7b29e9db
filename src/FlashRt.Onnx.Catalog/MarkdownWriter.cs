using System.Globalization;
using System.Text;

namespace FlashRt.Onnx.Catalog;

/// <summary>Writes the documentation that is generated from the catalog.</summary>
public static class MarkdownWriter
{
    /// <summary><c>docs/ops.md</c>: naming rules, a table of all ops, and a section for each.</summary>
    public static string Ops(CatalogDocument catalog)
    {
        var text = new StringBuilder(EmbeddedText.Read("preface.md"));
        text.Append("\n## The ops\n\n").Append(OpTable(catalog));
        foreach (var family in catalog.Families)
        {
            var ops = catalog.Ops.Where(op => op.Family == family.Name).ToList();
            if (ops.Count == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"\n## {family.Title}\n");
            foreach (var op in ops)
                AppendOp(text, op);
        }
        return text.ToString();
    }

    /// <summary>One row for each op: name, what it does, types, providers, seed ids.</summary>
    public static string OpTable(CatalogDocument catalog)
    {
        var table = new MarkdownTable("op", "does", "T", "providers", "seeds");
        foreach (var op in catalog.Ops)
            table.Row($"[`{op.Name}`](#{op.Name.ToLowerInvariant()})", op.Summary, string.Join(" ", op.Types), string.Join(" ", op.Providers),
                string.Join(" ", op.Seeds.Select(s => s.Id)));
        return table.ToString();
    }

    private static void AppendOp(StringBuilder text, Op op)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n### {op.Name}\n\n{op.Summary}\n\n");
        foreach (var line in op.Formula.Split(";  "))
            text.Append(CultureInfo.InvariantCulture, $"    {line}\n");
        text.Append('\n');

        var operands = new MarkdownTable("", "name", "type", "shape", "");
        foreach (var input in op.Inputs)
            operands.Row(input.Optional ? "input, optional" : "input", $"`{input.Name}`", input.Type, input.Shape, input.Doc);
        foreach (var output in op.Outputs)
            operands.Row(output.Optional ? "output, optional" : "output", $"`{output.Name}`", output.Type, output.Shape, output.Doc + Alias(op, output));
        text.Append(operands);

        if (op.Attributes.Count > 0)
        {
            var attributes = new MarkdownTable("attribute", "type", "default", "");
            foreach (var attribute in op.Attributes)
                attributes.Row($"`{attribute.Name}`", attribute.Type, attribute.Required ? "required" : CoverageWriter.Scalar(attribute.Default!),
                    attribute.Doc + (attribute.Values.Count == 0 ? "" : " One of " + string.Join(", ", attribute.Values.Select(v => $"`{v}`")) + "."));
            text.Append('\n').Append(attributes);
        }

        text.Append('\n');
        if (op.Types.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"T: {string.Join(", ", op.Types)}. ");
        text.Append(CultureInfo.InvariantCulture, $"Providers: {string.Join(", ", op.Providers)}.");
        if (op.Errors.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $" Refuses: {string.Join("; ", op.Errors)}.");
        text.Append(CultureInfo.InvariantCulture, $"\nSource: {op.Source}.");
        if (op.Seeds.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $" Seeds: {string.Join(", ", op.Seeds.Select(s => $"{s.Id} `{s.Kernel}`"))}.");
        text.Append('\n');
    }

    private static string Alias(Op op, OpOutput output) =>
        output.MayAlias.Count == 0 ? "" : $" May take the buffer of {string.Join(" or ", output.MayAlias.Select(i => $"`{op.Inputs[i].Name}`"))}.";
}
