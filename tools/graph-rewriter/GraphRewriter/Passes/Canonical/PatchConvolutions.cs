namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A convolution whose kernel is its stride multiplies each patch of an image by one matrix, which is what is left of it once the patches are rows:
/// <code>Transpose(Reshape(Conv(x, W, b)))  →  MatMul(Reshape(Transpose(Reshape(x))), Transpose(Reshape(W))) + b</code>
/// The result has the tokens [V, P, D] in order, so the Transpose behind the convolution goes. Where the kernel is as large as the image, nothing
/// has to be moved: a patch is the image.
/// </summary>
public sealed class PatchConvolutions : IPass
{
    /// <inheritdoc/>
    public string Name => "Patch convolutions";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (PatchConvolution.Read(node).Patches is not { } patches) continue;
            edit.Replace(patches.Tokens, Product(patches, edit));
            changed++;
        }
        return edit.Apply(changed);  // the convolution is dead code now
    }

    private static NodeProto[] Product(PatchConvolution site, GraphEdit edit)
    {
        var (x, w, y) = (site.Conv.Inputs[0]!, site.Conv.Inputs[1]!, site.Tokens.Outputs[0]!);
        var (patch, rows, columns) = (site.Patch, site.Rows, site.Columns);
        var dims = w.Shape!.Static()!;
        var (width, channels, inner) = (dims[0], dims[1], dims.Skip(1).Aggregate((a, b) => a * b));
        var views = x.Shape![0].Value ?? -1;
        var writer = new NodeWriter(edit, y);

        var images = x.Name;
        if (!site.IsWhole)
            images = writer.Op("Transpose", "moved", [Reshape("cut", images, views, channels, rows, patch, columns, patch)], [("perm", new long[] { 0, 2, 4, 1, 3, 5 })]);
        var patches = site.IsWhole ? Reshape("patches", images, views, inner) : Reshape("patches", images, views, rows * columns, inner);
        var matrix = writer.Op("Transpose", "matrix", [Reshape("kernel", w.Name, width, inner)], [("perm", new long[] { 1, 0 })]);
        var tokens = writer.Op("MatMul", "product", patches, matrix);
        if (site.Conv.Input(2) is { } bias) tokens = writer.Op("Add", "sum", tokens, bias.Name);
        if (site.IsWhole) Reshape("map", tokens, [views, width, .. dims.Skip(2).Select(_ => 1L)]);
        else if (y.Shape?.Rank == 4) Reshape("map", tokens, views, rows, columns, width);
        writer.Nodes[^1].Output[0] = y.Name;
        return writer.Nodes;

        string Reshape(string role, string input, params long[] sizes) => writer.Op("Reshape", role, input, writer.Ints($"{role}.shape", sizes));
    }
}
