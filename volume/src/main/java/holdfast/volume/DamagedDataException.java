package holdfast.volume;

/// Stored bytes are not those that were written. Retrying does not help; other volumes, and other
/// ranges of this one, are not affected.
public final class DamagedDataException extends StoreException {
    private static final long serialVersionUID = 1L;

    private final transient Damage damage;

    public DamagedDataException(Damage damage) {
        super(damage.toString());
        this.damage = damage;
    }

    public Damage damage() {
        return damage;
    }

    /// The same, said of a volume, where the damaged place itself does not tell which it was.
    DamagedDataException of(Volume volume) {
        if (!damage.volume().equals("-")) {
            return this;
        }
        var named =
                new DamagedDataException(
                        new Damage(
                                volume.id().text(),
                                damage.offsetBytes(),
                                damage.lengthBytes(),
                                damage.file(),
                                damage.fileOffsetBytes(),
                                damage.what()));
        named.initCause(this);
        return named;
    }
}
