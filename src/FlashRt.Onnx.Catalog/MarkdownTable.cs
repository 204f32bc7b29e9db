using System.Text;

namespace FlashRt.Onnx.Catalog;

/// <summary>A Markdown table.</summary>
internal sealed class MarkdownTable
{
    private readonly StringBuilder _text = new();

    public MarkdownTable(params string[] header)
    {
        Row(header);
        Row([.. header.Select(_ => "---")]);
    }

    public void Row(params string[] cells)
    {
        _text.Append('|');
        foreach (var cell in cells)
            _text.Append(' ').Append(cell.Replace("|", "\\|")).Append(" |");
        _text.Append('\n');
    }

    public override string ToString() => _text.ToString();
}
