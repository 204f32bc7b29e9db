namespace FlashRt.Onnx.Catalog.Tests;

/// <summary>The 93 kernels of the seed catalog, by id.</summary>
internal static class SeedIds
{
    public static IReadOnlyList<string> All { get; } = (
        "N01 N02 N03 N04 N05 N06 N07 N08 N09a N09b N10 N11 N12a N12b N13 " +
        "A01a A01b A02 A03 A04a A04b " +
        "F01a F01b F02a F02b F02c F02d F03 F04 F05 F06 F07 F08 F09 F10a F10b F11 F12a F12b F12c F12d F13 F14 F15a F15b " +
        "Q01 Q02a Q02b Q03a Q03b Q04 Q05 Q06 G01 G02 G03a G03b G03c " +
        "T01 T02 T03 T04 T05 T06a T06b T07a T07b T08 T09 T10 R01a R01b R02 R03 R04 R05 V01 V02 " +
        "M01 M02 M03 M04 M05 M06 M07 C01 C02 C03 C04 C05 C06 J01 J02").Split(' ');
}
