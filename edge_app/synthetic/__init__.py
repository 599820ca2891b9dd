CLASSES=()
class Settings: pass
class Street: pass
