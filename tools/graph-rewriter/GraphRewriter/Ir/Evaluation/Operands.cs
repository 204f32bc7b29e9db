namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>A node under evaluation: its inputs as tensors, its attributes, and which of its outputs is wanted.</summary>
internal sealed class Operands(Node node, int output)
{
    public Node Node => node;

    public int Output => output;

    /// <summary>The input, which must be there.</summary>
    public ConstantTensor this[int input] => node.Input(input)?.Constant ?? throw new NotSupportedException();

    public bool Has(int input) => node.Input(input) is not null;

    public IEnumerable<ConstantTensor> All => node.Inputs.Select((_, i) => this[i]);

    /// <summary>Integers from an input if it is there, otherwise from the attribute of older operator sets.</summary>
    public long[]? Ints(int input, string attribute) => Has(input) ? this[input].ReadAsInt64() : node.Ints(attribute);

    public long[] Needed(int input, string attribute) => Ints(input, attribute) ?? throw new NotSupportedException();

    public int Axis(string attribute, long otherwise, int rank) => Strided.Axis(node.Int(attribute, otherwise), rank);
}
