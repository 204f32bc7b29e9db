namespace FlashRt.Validation.Ops;

/// <summary>Shapes of row operands that have broken kernels before, and why each is there.</summary>
internal static class RowShapes
{
    public static readonly (string Why, long[] Shape)[] All =
    [
        ("one element", [1]),
        ("rows of one column", [7, 1]),
        ("odd rows: scalar access, unaligned from the second row on", [5, 123]),
        ("rank 3 with vectors of 128 bits", [2, 3, 64]),
        ("rank 4, columns that fill no vector", [2, 1, 3, 36]),
        ("one row just past 2048", [1, 2049]),
        ("just past 4096, odd", [2, 4097]),
        ("row of 1152 (SigLIP)", [3, 1152]),
        ("longer than a block keeps in registers", [1, 20480]),
    ];

    /// <summary>Enough short rows that several share a block.</summary>
    public static readonly (string Why, long[] Shape) Many = ("many short rows", [1027, 264]);

    /// <summary>No elements at all.</summary>
    public static readonly (string Why, long[] Shape)[] Empty = [("no rows", [0, 16]), ("no rows, rank 3", [2, 0, 8])];
}
